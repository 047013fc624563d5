# %% [markdown]
"""
# Other questions, the same network: who does "their" refer to, and which words are names?

    python lessons/coreference_and_names.py      (5 s on 2 cores)

You need: lesson 3 for the first half, lesson 6 for the second.

You get: the paper's other examples (section 1) as (input, question, answer), on texts that this
file makes: coreference with a one-word answer, named entities as tags.  Nothing in tinydmn/ is
changed for either.
"""

# %%
from collections import Counter
from textwrap import fill
from time import perf_counter

import numpy as np

from common import claim, heading, options, outcomes, predict, run_training, saved, where
from tinydmn import DMN, Config, Vocabulary, answer_tags, model
from tinydmn.data.grammar import pick
from tinydmn.data.story import Question, Story
from tinydmn.plots import plot_attention
from tinydmn.terminal import attention_text
from tinydmn.training.evaluate import interval
from tinydmn.training.material import batch_of, unknown_words
from tinydmn.tasks.pos import pos_config

args = options(__doc__)
began = perf_counter()
n_train, n_choose, n_test = (150, 20, 50) if args.quick else (1500, 100, 400)

# %% [markdown]
# Every task is a triplet: a text, a question, and an answer $y = \mathrm{softmax}(W^{(a)} m)$, one
# for the text or one for each word.  Here are two kinds of text and question.
#
# $$(\text{input}, \text{question}) \;\to\; \text{answer}$$

# %% Texts about people: a pronoun means whoever of its kind was named last
PEOPLE = {"her": "anna julie maria ruth".split(), "his": "daniel fred paul tom".split(),
          "their": "farmers girls teachers twins".split()}
PLACES = "garden library market park school station".split()
THINGS = "bag ball book camera dog letter".split()


def pronoun_text(rng):
    """Four people come, one after another, then something of one of them; whose is it?"""
    kinds = [*PEOPLE]
    kinds = [kinds[i] for i in rng.permutation(3)] + [pick(rng, kinds)]
    last, facts = {}, []
    for place, kind in enumerate(kinds):
        name = pick(rng, PEOPLE[kind])
        last[kind] = name, place
        did = pick(rng, (["came", "to", "the", pick(rng, PLACES)],
                         ["waited", "in", "the", pick(rng, PLACES)],
                         ["found", "a", pick(rng, THINGS)]))
        facts.append(["the"] * (kind == "their") + [name, *did])
    kind = pick(rng, [kinds[-1], pick(rng, kinds)])
    happened = pick(rng, (["was", "gone"], ["fell", "into", "the", "water"],
                          ["was", "in", "the", pick(rng, PLACES)]))
    facts.append(["later", kind, pick(rng, THINGS), *happened])
    name, place = last[kind]
    question = Question(["who", "does", kind, "refer", "to"], [name], len(facts), [place])
    return Story(facts, [question])


# %% Sentences with names: of a person, a place or a firm; only the words around them tell
FIRST, FAMILY = ("Anna Daniel Florence Jordan Paul Victoria".split(),
                 "Baker Brown Hill Washington Young".split())
CITIES, FIRMS = ("Florence Jordan Oslo Paris Victoria Washington".split(),
                 "Apple Baker Hill Orange Shell".split())
SENTENCES = ("PERSON works for FIRM", "PERSON lives in PLACE", "FIRM hired PERSON",
             "FIRM opened a shop in PLACE", "PERSON and PERSON left FIRM",
             "PERSON bought an orange in PLACE", "PERSON ate an apple near PLACE",
             "PERSON met PERSON in PLACE", "is PERSON still in PLACE")


def name(kind, rng):
    """One or two words; some are made up on the spot."""
    syllables = [pick(rng, "bdfgklmnprstv") + pick(rng, "aeiou") for _ in range(3)]
    new = "".join(syllables).capitalize() + pick(rng, "lmnrs")
    known = {"PERSON": FIRST, "PLACE": CITIES, "FIRM": FIRMS}[kind]
    first = new if rng.random() < 0.3 else pick(rng, known)
    return [first] + [pick(rng, FAMILY)] * (kind == "PERSON" and rng.random() < 0.5)


def name_text(rng):
    """One sentence; which of its words are names, and of what: a tag for each word, - for none."""
    text = pick(rng, ("", "yesterday ", "in May ")) + pick(rng, SENTENCES) \
        + pick(rng, (" .", " again ."))
    pairs = []
    for word in text.split():
        pairs += [(w, word) for w in name(word, rng)] if word.isupper() else [(word, "-")]
    words, tags = zip(*pairs)
    return Story([[words[0][0].upper() + words[0][1:], *words[1:]]],
                 [Question(["which", "words", "are", "names"], [*tags], 1)])


# %% What both have in common: texts, a vocabulary, a network, its training
def different(make, rng):
    """-> texts to learn from, to choose the epoch by, and to score, no two the same."""
    texts = {}
    while len(texts) < n_train + n_choose + n_test:
        story = make(rng)
        texts.setdefault(str((story.facts, story.questions[0].tokens)), story)
    texts = [*texts.values()]
    return texts[:n_train], texts[n_train:-n_test], texts[-n_test:]


def trained(config, vocabulary, train, choose):
    """-> the network."""
    net = DMN(config, vocabulary, seed=args.seed)
    fit, stop = (batch_of(texts, vocabulary, config) for texts in (train, choose))
    run_training(net, fit, stop, args.seed)
    return net


def told(title, hits):
    """Prints the share of true ones among hits (n,), with its 95 % interval -> the share."""
    share = float(np.mean(hits)) if len(hits) else 0.0
    low, high = interval(share, max(1, len(hits)))
    print(f"  {title:38} {100 * share:5.1f} %  of {len(hits):4}   "
          f"({100 * low:.1f} to {100 * high:.1f})")
    return share


def beats(what, hits, others, of):
    """Claims that `hits` (n,) are more often true than `others`.

    of (n,): the text each belongs to, the unit of the 95 % interval.
    """
    d, n = np.bincount(of, hits.astype(float) - others), np.bincount(of)
    half = 1.96 * np.sqrt(np.sum((d - n * d.sum() / n.sum()) ** 2))
    gap, low, high = (100 * (d.sum() + x) / n.sum() for x in (0, -half, half))
    claim(what, low > 0, f"{gap:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}", args.quick)


# %% [markdown]
# ## 1. Who does "their" refer to?

# %% 1. Who does "their" refer to?
heading(1, 'Who does "their" refer to?')
train, choose, held_out = different(pronoun_text, np.random.default_rng([args.seed, 1]))
pronoun = [s.questions[0].tokens[2] for s in held_out]
right = [s.questions[0].answer[0] for s in held_out]
usual = Counter((s.questions[0].tokens[2], s.questions[0].answer[0]) for s in train)
usual = {kind: max(names, key=lambda name: usual[kind, name]) for kind, names in PEOPLE.items()}
config = Config(hidden=40, embedding=40, gate_hidden=40, passes=2, batch=16, gate_epochs=0,
                learning_rate=5e-3, dropout=0.0, epochs=2 if args.quick else 8)
print(f"{len(train)} texts, {config.epochs} epochs; then {len(held_out)} texts that were not among "
      "them.", flush=True)
predict("a pronoun has four possible answers.  How often is its most frequent one right, and where "
        "is the network weakest?")

# %%
net = trained(config, Vocabulary.build(train), train, choose)
out = net.forward(batch_of(held_out, net.vocabulary, config))
predicted = [net.vocabulary.answers[k] for k in out.answers]
hits = found = np.array([a == b for a, b in zip(predicted, right)])
several = np.array([len({w for fact in s.facts for w in fact if w in PEOPLE[kind]}) > 1
                    for s, kind in zip(held_out, pronoun)])
often = np.array([usual[kind] == a for kind, a in zip(pronoun, right)])
told("the pronoun's most frequent answer", often)
told("the network", hits)
told("  where two of that kind are named", hits[several])
shows = hits & several if np.any(hits & several) else several
chosen = int(np.argmax(shows))
story, gates = held_out[chosen], out.gates[:, chosen]
facts = [" ".join(fact).capitalize() + "." for fact in story.facts]
ask, support = f'Who does "{pronoun[chosen]}" refer to?', story.questions[0].support
print(f"\n{ask}  {predicted[chosen]}   (right: {right[chosen]})\n"
      f"{attention_text(facts, gates, support)}")
saved(plot_attention(facts, gates, args.out / "coreference.png", ask, right[chosen],
                     predicted[chosen], support))
beats("the network knows more than each pronoun's most frequent answer", hits, often,
      np.arange(len(hits)))

# %% [markdown]
# ## 2. Which words are names?

# %% 2. Which words are names?
heading(2, "Which words are names?")
train, choose, held_out = different(name_text, np.random.default_rng([args.seed, 2]))
seen = Counter((w, tag) for s in train for w, tag in zip(s.facts[0], s.questions[0].answer))
usual = {w: tag for (w, tag), _ in reversed(seen.most_common())}         # the commonest comes last
# for a word never seen: the commonest tag of words seen once
once = Counter(tag for (_, tag), times in seen.items() if times == 1).most_common(1)[0][0]
config = pos_config(own=True, passes=1, epochs=2 if args.quick else 3)
print(f"{len(train)} sentences, {config.epochs} epochs; then {len(held_out)} others, word by word.",
      flush=True)
predict("\"Jordan\" may be a person or a place.  What does the network use that a table of words "
        "has not?")

# %%
net = trained(config, Vocabulary.build(train, "tags", features=True), train, choose)
test = batch_of(held_out, net.vocabulary, config)
predicted, there = net.forward(test).answers, test.answer >= 0
guess = np.array([net.vocabulary.answer_id[usual.get(w, once)] for s in held_out
                  for w in s.facts[0]])
names = test.answer[there] != net.vocabulary.answer_id["-"]
hits = predicted[there] == test.answer[there]
told("each word's most frequent tag, names", (guess == test.answer[there])[names])
told("the network, names", hits[names])
told("  words never seen", hits[unknown_words(test, held_out, train)[there]])
told("each word's most frequent tag, all", guess == test.answer[there])
told("the network, all", hits)
either = {"Florence", "Jordan", "Victoria", "Washington", "Baker", "Hill"}
shown = sorted(range(len(held_out)), key=lambda i: (-len(either & {*held_out[i].facts[0]}), i))[:4]
print()
for i in shown:
    tags = [net.vocabulary.answers[k] for k in predicted[i] if k >= 0]
    text = [w if tag == "-" else f"{w}/{tag}" for w, tag in zip(held_out[i].facts[0], tags)]
    text += ["(wrong)"] * (tags != held_out[i].questions[0].answer)
    print(fill(" ".join(text), 79, initial_indent="  ", subsequent_indent="      "))
beats("the network knows more than each word's most frequent tag", hits,
      guess == test.answer[there], np.nonzero(there)[0])

# %% [markdown]
# ## 3. To take away

# %% 3. To take away
print(f"""
What you saw: what changed from one to the other is the texts, the question and
some settings (answer, facts, episode, bidirectional); the network is the same
code, line by line.  Right on new texts: {100 * found.mean():.1f} % of the pronouns, \
{100 * hits.mean():.1f} % of the
words.  The texts follow the few rules above; those of people do not.
All in all {perf_counter() - began:.0f} s.

Where the code is, in tinydmn/:""")
where("(input, question, answer)", Story)
where("one network for all", model.forward)
where("answers as tags", answer_tags.forward)
print("""
Your turn
  1. passes=1 for the pronouns: what does the second pass do?
  2. alpha=0.0 beside it: does the network find by itself where to look?
  3. SENTENCES = ("PERSON", "PLACE", "FIRM"): names without words around them.
     What is left to go by?

Next: your own files: tinydmn train --help""")
outcomes("Little: one fact is enough here, and one pass finds it as well.",
         "It still answers nearly all, but seldom looks at the fact that names the person: other "
         "facts are states of the same GRU, and carry the name on.",
         "Spelling, words known by heart and a second word.  About half of the names are right, a "
         "few points more than each word's most frequent tag.")
