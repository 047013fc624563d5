"""Other questions, the same network: who does "their" refer to, and which words are names?

    python lessons/coreference_and_names.py      (5 s on 2 cores)

You need: lesson 3 for the first half, lesson 6 for the second.
You get: the paper's other examples (section 1) as (input, question, answer), on texts that this file makes: coreference
with a one-word answer, named entities as tags.  Nothing in tinydmn/ is changed for either."""
# %%
from collections import Counter
from textwrap import fill
from time import perf_counter

import numpy as np

from common import claim, heading, options, saved, where
from tinydmn import DMN, Config, Vocabulary, model as dmn
from tinydmn.data.grammar import pick
from tinydmn.data.story import Question, Story
from tinydmn.plots import plot_attention
from tinydmn.terminal import attention_text
from tinydmn.training import loop
from tinydmn.training.evaluate import interval
from tinydmn.training.material import batch_of, unknown_words
from tinydmn.tasks.pos import pos_config
from tinydmn.training.progress import Progress

args = options(__doc__)
began = perf_counter()
n_train, n_choose, n_test = (150, 20, 50) if args.quick else (1500, 100, 400)

# %% Texts about people: a pronoun means whoever of its kind was named last
PEOPLE = {"her": "anna julie maria ruth".split(), "his": "daniel fred paul tom".split(), "their": "farmers girls teachers twins".split()}
PLACES, THINGS = "garden library market park school station".split(), "bag ball book camera dog letter".split()


def pronoun_text(rng):
    """Four people come, one after another, then something of one of them is told; the question is whose."""
    kinds = [*PEOPLE]
    kinds, last, facts = [kinds[i] for i in rng.permutation(3)] + [pick(rng, kinds)], {}, []
    for place, kind in enumerate(kinds):
        name = pick(rng, PEOPLE[kind])
        last[kind] = name, place
        did = pick(rng, (["came", "to", "the", pick(rng, PLACES)], ["waited", "in", "the", pick(rng, PLACES)], ["found", "a", pick(rng, THINGS)]))
        facts.append(["the"] * (kind == "their") + [name, *did])
    kind = pick(rng, [kinds[-1], pick(rng, kinds)])
    facts.append(["later", kind, pick(rng, THINGS), *pick(rng, (["was", "gone"], ["fell", "into", "the", "water"], ["was", "in", "the", pick(rng, PLACES)]))])
    name, place = last[kind]
    return Story(facts, [Question(["who", "does", kind, "refer", "to"], [name], len(facts), [place])])


# %% Sentences with names: many can be of a person, a place or a firm, and only the words around them tell
FIRST, FAMILY = "Anna Daniel Florence Jordan Paul Victoria".split(), "Baker Brown Hill Washington Young".split()
CITIES, FIRMS = "Florence Jordan Oslo Paris Victoria Washington".split(), "Apple Baker Hill Orange Shell".split()
SENTENCES = ("PERSON works for FIRM", "PERSON lives in PLACE", "FIRM hired PERSON", "FIRM opened a shop in PLACE", "PERSON and PERSON left FIRM",
             "PERSON bought an orange in PLACE", "PERSON ate an apple near PLACE", "PERSON met PERSON in PLACE", "is PERSON still in PLACE")


def name(kind, rng):
    """One or two words; some are made up on the spot."""
    new = "".join(pick(rng, "bdfgklmnprstv") + pick(rng, "aeiou") for _ in range(3)).capitalize() + pick(rng, "lmnrs")
    first = new if rng.random() < 0.3 else pick(rng, {"PERSON": FIRST, "PLACE": CITIES, "FIRM": FIRMS}[kind])
    return [first] + [pick(rng, FAMILY)] * (kind == "PERSON" and rng.random() < 0.5)


def name_text(rng):
    """One sentence; the question is which of its words are names, and of what: a tag for each word, - for none."""
    pairs = []
    for word in (pick(rng, ("", "yesterday ", "in May ")) + pick(rng, SENTENCES) + pick(rng, (" .", " again ."))).split():
        pairs += [(w, word) for w in name(word, rng)] if word.isupper() else [(word, "-")]
    words, tags = zip(*pairs)
    return Story([[words[0][0].upper() + words[0][1:], *words[1:]]], [Question(["which", "words", "are", "names"], [*tags], 1)])


# %% What both have in common: texts, a vocabulary, a network, its training
def different(make, rng):
    """-> texts to learn from, to choose the epoch by, and to judge by, no two the same."""
    texts = {}
    while len(texts) < n_train + n_choose + n_test:
        story = make(rng)
        texts.setdefault(str((story.facts, story.questions[0].tokens)), story)
    texts = [*texts.values()]
    return texts[:n_train], texts[n_train:-n_test], texts[-n_test:]


def trained(config, vocabulary, train, choose):
    """-> the network."""
    net = DMN(config, vocabulary, seed=args.seed)
    state, batch = loop.start(net, args.seed), batch_of(train, vocabulary, config)
    progress = Progress(config, state, int(np.sum(batch.answer >= 0)))
    loop.train(net, batch, batch_of(choose, vocabulary, config), state, progress.epoch, progress.step)
    progress.close()
    return net


def told(title, hits):
    """Print the share of true ones among hits (n,), with its 95 % interval -> the share."""
    share = float(np.mean(hits)) if len(hits) else 0.0
    low, high = interval(share, max(1, len(hits)))
    print(f"  {title:38} {100 * share:5.1f} %  of {len(hits):4}   ({100 * low:.1f} to {100 * high:.1f})")
    return share


def beats(what, hits, others, of):
    """Claim that `hits` (n,) are more often true than `others`; of (n,): the text each belongs to, the unit of the 95 % interval."""
    d, n = np.bincount(of, hits.astype(float) - others), np.bincount(of)
    half = 1.96 * np.sqrt(np.sum((d - n * d.sum() / n.sum()) ** 2))
    gap, low, high = (100 * (d.sum() + x) / n.sum() for x in (0, -half, half))
    claim(what, low > 0, f"{gap:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}", args.quick)


# %% 1. Who does "their" refer to?
heading(1, 'Who does "their" refer to?')
train, choose, held_out = different(pronoun_text, np.random.default_rng([args.seed, 1]))
pronoun, right = ([part(s.questions[0]) for s in held_out] for part in (lambda q: q.tokens[2], lambda q: q.answer[0]))
usual = Counter((s.questions[0].tokens[2], s.questions[0].answer[0]) for s in train)
usual = {kind: max(names, key=lambda name: usual[kind, name]) for kind, names in PEOPLE.items()}
config = Config(hidden=40, embedding=40, gate_hidden=40, passes=2, batch=16, gate_epochs=0, learning_rate=5e-3, dropout=0.0, epochs=2 if args.quick else 8)
print(f"{len(train)} texts, {config.epochs} epochs; then {len(held_out)} texts that were not among them:", flush=True)
net = trained(config, Vocabulary.build(train), train, choose)
out = net.forward(batch_of(held_out, net.vocabulary, config))
said = [net.vocabulary.answers[k] for k in out.answers]
hits = found = np.array([a == b for a, b in zip(said, right)])
several = np.array([len({w for fact in s.facts for w in fact if w in PEOPLE[kind]}) > 1 for s, kind in zip(held_out, pronoun)])
often = np.array([usual[kind] == a for kind, a in zip(pronoun, right)])
told("the pronoun's most frequent answer", often)
told("the network", hits)
told("  where two of that kind are named", hits[several])
chosen = int(np.argmax(hits & several)) if np.any(hits & several) else int(np.argmax(several))
story, gates = held_out[chosen], out.gates[:, chosen]
facts, ask = [" ".join(fact).capitalize() + "." for fact in story.facts], f'Who does "{pronoun[chosen]}" refer to?'
print(f"\n{ask}  {said[chosen]}   (right: {right[chosen]})\n{attention_text(facts, gates, story.questions[0].support)}")
saved(plot_attention(facts, gates, args.out / "coreference.png", ask, right[chosen], said[chosen], story.questions[0].support))
beats("the network knows more than each pronoun's most frequent answer", hits, often, np.arange(len(hits)))

# %% 2. Which words are names?
heading(2, "Which words are names?")
train, choose, held_out = different(name_text, np.random.default_rng([args.seed, 2]))
seen = Counter((w, tag) for s in train for w, tag in zip(s.facts[0], s.questions[0].answer))
usual = {w: tag for (w, tag), _ in reversed(seen.most_common())}                           # the most frequent tag of each word comes last
once = Counter(tag for (_, tag), times in seen.items() if times == 1).most_common(1)[0][0]  # for a word never seen: that of words seen once
config = pos_config(own=True, passes=1, epochs=2 if args.quick else 3)
print(f"{len(train)} sentences, {config.epochs} epochs; then {len(held_out)} others, word by word:", flush=True)
net = trained(config, Vocabulary.build(train, "tags", features=True), train, choose)
test = batch_of(held_out, net.vocabulary, config)
said, there = net.forward(test).answers, test.answer >= 0
guess = np.array([net.vocabulary.answer_id[usual.get(w, once)] for s in held_out for w in s.facts[0]])
names = test.answer[there] != net.vocabulary.answer_id["-"]
hits = said[there] == test.answer[there]
told("each word's most frequent tag, names", (guess == test.answer[there])[names])
told("the network, names", hits[names])
told("  words never seen", hits[unknown_words(test, held_out, train)[there]])
told("each word's most frequent tag, all", guess == test.answer[there])
told("the network, all", hits)
shown = sorted(range(len(held_out)), key=lambda i: (-len({"Florence", "Jordan", "Victoria", "Washington", "Baker", "Hill"} & {*held_out[i].facts[0]}), i))[:4]
print()
for i in shown:
    tags = [net.vocabulary.answers[k] for k in said[i] if k >= 0]
    text = [w if tag == "-" else f"{w}/{tag}" for w, tag in zip(held_out[i].facts[0], tags)] + ["(wrong)"] * (tags != held_out[i].questions[0].answer)
    print(fill(" ".join(text), 79, initial_indent="  ", subsequent_indent="      "))
beats("the network knows more than each word's most frequent tag", hits, guess == test.answer[there], np.nonzero(there)[0])

# %% Your turn
print(f"""
What you saw: what changed from one to the other is the texts, the question and
some settings (answer, facts, episode, reading); the network is the same code,
line by line.  Right on new texts: {100 * found.mean():.1f} % of the pronouns, {100 * hits.mean():.1f} % of the
words.  The texts follow the few rules above; those of people do not.
All in all {perf_counter() - began:.0f} s.

Where the code is, in tinydmn/:""")
where("(input, question, answer)", Story)
where("one network for all", dmn.forward)
where("answers as tags", dmn.tags_forward)
print("""
Your turn:
- passes=1 for the pronouns: what does the second pass do?
- alpha=0.0 beside it: does the network find by itself where to look?
- SENTENCES = ("PERSON", "PLACE", "FIRM"): names without words around them.
  What is left to go by?

Next: your own files: tinydmn train --help""")
