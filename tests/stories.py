"""Random stories in nonsense words, for tests that are about arrays and not about language."""

from dataclasses import replace

from tinydmn.data.batch import cut_at_questions, make_batch
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.ops.arrays_numpy import n_pieces
from tinydmn.pieces import pieces

TAGS = {"answer": "tags", "episode": "gated", "facts": "words"}


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


def stories_for(rng, S, config):
    """Random stories of the kind that a configuration is for."""
    word = lambda: f"w{rng.integers(9)}"
    if config.answer == "tags":
        texts = [[word() for _ in range(rng.integers(1, 6))] for _ in range(S)]
        return [Story([text], [Question(["tags"], [f"t{rng.integers(4)}" for _ in text], 1)], f"random:{i}") for i, text in enumerate(texts)]
    several = lambda: [f"a{rng.integers(3)}" for _ in range(rng.integers(1, 4) if config.answer == "sequence" else 1)]
    if config.facts == "words":
        return [Story([[word() for _ in range(rng.integers(1, 6))]], [Question(["what"], several(), 1)], f"random:{i}") for i in range(S)]
    stories = random_stories(rng, S)
    if config.answer == "sequence":
        stories = [replace(s, questions=[replace(q, answer=several()) for q in s.questions]) for s in stories]
    return cut_at_questions(stories) if config.bidirectional == "yes" else stories


def pieces_of(batch):
    """A batch as the pieces that a network cuts it into."""
    return pieces(batch, n_pieces(len(batch.n_tokens), len(batch.story_of)))
