"""Random stories in nonsense words, for tests that are about arrays and not about language."""

from tinydmn.data.batch import make_batch
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import Vocabulary


def random_stories(rng, S, facts=6, questions=3, words=12, support=3):
    """S stories of 1 .. facts facts and 1 .. questions questions, of unequal lengths, with 0 .. support supporting facts."""
    word = lambda: f"w{rng.integers(words)}"
    text = lambda: [word() for _ in range(rng.integers(1, 5))]
    stories = []
    for number in range(S):
        F = int(rng.integers(1, facts + 1))
        asked = []
        for n_facts in sorted(int(n) for n in rng.integers(1, F + 1, rng.integers(1, questions + 1))):
            shown = rng.permutation(n_facts)[:rng.integers(0, min(support, n_facts) + 1)]
            asked.append(Question(text(), [f"a{rng.integers(3)}"], n_facts, [int(i) for i in shown]))
        stories.append(Story([text() for _ in range(F)], asked, f"random:{number + 1}"))
    return stories


def random_batch(rng, S, **sizes):
    """-> Batch, stories, vocabulary."""
    stories = random_stories(rng, S, **sizes)
    vocabulary = Vocabulary.build(stories)
    return make_batch(stories, vocabulary), stories, vocabulary
