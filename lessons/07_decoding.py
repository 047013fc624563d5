# %% [markdown]
"""
# Lesson 7 - decoding: how does an answer of two words come out?

    python lessons/07_decoding.py                 (half a minute on 2 cores)
    python lessons/07_decoding.py --data DIR      the lists from the published bAbI files

You need: lesson 3 (the memory that an answer begins with), lesson 1 (the GRU).

You get: eqs (9) and (10) by hand, lists as answers, and a translator: the network without question
and memory.
"""

# %%
from math import exp, log, tanh
from time import perf_counter

import numpy as np

from common import claim, heading, options, outcomes, predict, run_training, same, saved, where
from tinydmn import DMN, Config, Vocabulary, answer_sequence, losses, make_batch, ops, parts
from tinydmn.data.generator.world import pick
from tinydmn.data.sources import babi_stories
from tinydmn.data.story import Question, Story
from tinydmn.ops import answer_numpy
from tinydmn.ops.groups import GRU, Decoder
from tinydmn.plots import plot_decoding
from tinydmn.terminal import wrap
from tinydmn.training.evaluate import interval

args = options(__doc__, data=True)
began = perf_counter()
np.set_printoptions(precision=2, suppress=True, floatmode="fixed", linewidth=80)

# %% [markdown]
# ## 1. "n,w" by hand
#
# $$y_t = \mathrm{softmax}(W^{(a)} a_t) \tag{9}$$
# $$a_t = \mathrm{GRU}([y_{t-1}, q],\ a_{t-1}), \qquad a_0 = m^{T_M} \tag{10}$$

# %% 1. "n,w" by hand
heading(1, '"n,w" by hand')
names = ["<eos>", "e", "n", "s", "w"]                      # A answers; a unit for each, so A = H
A = H = len(names)
m = np.array([[0.3, 0.0, 1.0, 0.0, 0.6]])                  # the last memory: n, then w, then <eos>
q = np.array([[0.0, 0.2, 0.1, 0.0, 0.1]])                  # the question: fed in at every step
DONE = -8.0                    # what an emitted word does to its unit's gate z: open it for writing
I, O = np.eye(H), np.zeros((H, H))                         # W (3H, A + H) reads [y_{t-1}, q]
W = np.block([[DONE * I, O], [O, O], [-2.0 * I, 0.5 * I]])  # and h~: wanted no more
# z near 1: the other units keep their state
U, b, W_a = np.vstack([O, O, O + 0.1]), np.repeat([4.0, 0.0, 0.0], H), 6.0 * I
sigma = lambda x: 1 / (1 + exp(-x))
dot = lambda row, v: sum(x * y for x, y in zip(row, v))


def by_hand(y, a):
    """One step with Python's floats: lists y_{t-1} (A), a_{t-1} (H) -> a_t, y_t."""
    x = [*y, *q[0].tolist()]                               # [y_{t-1}, q]
    z, r = ([sigma(dot(W[k], x) + dot(U[k], a) + b[k]) for k in range(first, first + H)]
            for first in (0, H))
    tilde = [tanh(dot(W[2 * H + k], x) + r[k] * dot(U[2 * H + k], a) + b[2 * H + k])
             for k in range(H)]
    a = [z[k] * a[k] + (1 - z[k]) * tilde[k] for k in range(H)]            # (10), a GRU
    e = [exp(dot(row, a)) for row in W_a]
    return a, [v / sum(e) for v in e]                                      # (9), a softmax


decoder, steps = Decoder(GRU(W, U, b), W_a), (1, Config().longest)         # one at least
logits, _ = ops.load("numpy").decode_forward(m, q, None, steps, decoder)
p = np.exp(logits[0]) / np.exp(logits[0]).sum(axis=1, keepdims=True)
row = lambda v: " ".join(f"{x:5.2f}" for x in v)
print(f"{'words':20}" + " ".join(f"{name:>5}" for name in names)
      + f"\na_0 = m:            {row(m[0])}")
predict("an emitted word silences its own unit.  Which words come out of this memory, and where "
        "does the answer end?")

# %%
print(f"\n  t  y_t-1  {'a_t, eq. (10)':29}   {'y_t, eq. (9), W_a = 6 I':29}  says")
y, a, said, ys = [0.0] * A, m[0].tolist(), ["(none)"], []  # before the first step y_0 = 0
for t in range(len(p)):
    a, y = by_hand(y, a)
    ys.append(y)
    if t < 5:
        print(f"  {t + 1}  {said[-1]:6} {row(a)}   {row(y)}  {names[int(np.argmax(y))]}")
    said.append(names[int(np.argmax(y))])
    y = [float(k == np.argmax(y)) for k in range(A)]       # greedy: the likeliest word, one-hot
if len(p) > 5:
    print(f"  ... {len(p) - 5} more")
print()
same(f"y_t by hand and by decode_forward, {len(p)} step{'s' * (len(p) > 1)}", ys, p, 1e-12)
if claim("the decoder says n, w, <eos>", said[1:] == ["n", "w", "<eos>"],
         f"it says {' '.join(said[1:6])}{' ...' * (len(said) > 6)}"):
    print("An emitted word silences its own unit, the others keep their state: so the\n"
          "next one is heard.")
ended = said[-1] == "<eos>"
print(f"At <eos>, step {len(p)}, the answer ends." if ended else
      f"No <eos> came: after {len(p)} steps, Config().longest, the decoder is stopped.")
if ended and len(p) < 6:
    P = p.max(axis=1).prod()
    print(f"P({','.join(said[1:])}) = " + " * ".join(f"{v.max():.2f}" for v in p)
          + f" = {P:.2f}; if it is right, E_CE = -log P = {-log(P):.2f}.")
print("In training the correct word is fed in, not the likeliest (teacher forcing).")

# %% [markdown]
# ## 2. Lists: what is Mary carrying?


# %% 2. Lists: what is Mary carrying?
def learn(train, held_out, seconds, **given):
    """Trains a network on list[Story] -> network, batch of the stories held out."""
    config = Config(**{"answer": "sequence", "dropout": 0.0, "learning_rate": 5e-3,
                       "final_rate": 0.05, "patience": 99, "gate_epochs": 0} | given)
    vocabulary = Vocabulary.build(train, "sequence")
    train_batch, batch = (make_batch(stories, vocabulary, config.facts, "sequence")
                          for stories in (train, held_out))
    print(f"{len(train_batch.answer)} to learn from, {len(batch.answer)} held out (they choose the "
          f"epoch, too), {len(vocabulary.answers)} words to say.\n"
          f"{config.epochs} epochs, about {seconds} s on 2 quiet cores:", flush=True)
    net = DMN(config, vocabulary, seed=args.seed)
    run_training(net, train_batch, batch, args.seed)
    return net, batch


def scored(net, batch):
    """Prints the share of answers right as a whole, <eos> too, by length -> right (Q,), Output."""
    out, steps = net.forward(batch), batch.answer.shape[1]
    ended = (out.answers[:, steps:] < 0).all(axis=1)
    right = (out.answers[:, :steps] == batch.answer).all(axis=1) & ended
    same("Whole answers here and by losses.right_answers", right,
         losses.right_answers(out.answers, batch, "sequence"))
    n_words = batch.n_answer - 1                           # without <eos>
    for label, some in [(f"{n} word{'s' * (n > 1)}", right[n_words == n])
                        for n in np.unique(n_words).tolist()] + [("all", right)]:
        low, high = (100 * v for v in interval(some.mean(), len(some)))
        print(f"  {label:8} {100 * some.mean():5.1f} % of {len(some):4} right as a whole "
              f"(95 % interval {low:.1f} to {high:.1f})")
    return right, out


def panel(net, out, which, title, most):
    """One answer for the picture: title, words, probabilities by step, `most` steps at most."""
    p = np.exp(out.logits[which] - out.logits[which].max(axis=1, keepdims=True))
    steps = min(most, np.sum(out.answers[which] >= 0))
    return title, net.vocabulary.answers, (p / p.sum(axis=1, keepdims=True))[:steps]


def decoded(net, answer, most=5):
    words = net.vocabulary.answer_text(answer[:most]).replace(",", " ")
    return (words or "(nothing)") + " ..." * bool((answer[most:] > 0).any())


heading(2, "Lists: what is Mary carrying?")
size = "10k" if args.data is None and not args.quick else "1k"
train, held_out, _ = babi_stories(8, args.data, size, args.seed)
train, held_out = (train[:60], held_out[:20]) if args.quick else (train[:1500], held_out)
epochs = 4 if args.quick else 12 if args.data is None else 60
lister, batch = learn(train, held_out, 2 if args.quick else 10, passes=4, hidden=40, embedding=40,
                      gate_hidden=40, batch=8, gate_epochs=1, epochs=epochs)
predict("how much harder is a list of two words than one of a single word?")

# %%
right_lists, out = scored(lister, batch)
two = np.flatnonzero(batch.n_answer == 3)                  # two words and <eos>
shown = [*two[right_lists[two]], *two, 0][0]
story = held_out[batch.story_of[shown]]
question = story.questions[shown - np.flatnonzero(batch.story_of == batch.story_of[shown])[0]]
print(("A question with an answer of two words (the first that is right, if any), and\n"
       if len(two) else "A question, and ") + "what bears on it:")
for i in question.support:
    print(f"  {' '.join(story.facts[i])}")
asked, correct = " ".join(question.tokens) + "?", " ".join(question.answer)
answered = decoded(lister, out.answers[shown])
print(*wrap(f"{asked}  ->  {answered}   (right: {correct})", 80, "  "), sep="\n")
panels = [panel(lister, out, shown, asked, 6)]

# %% [markdown]
# ## 3. A translator: no question, no passes
#
# With $q = 0$ and no passes, $a_0$ is the input module's last state: sequence-to-sequence.

# %% 3. A translator: no question, no passes
heading(3, "A translator: no question, no passes")
NOUNS = dict(bird="avo", boy="bor", cat="katu", dog="dalo", fox="vip", girl="gira", man="manu",
             woman="fema")
ADJECTIVES = dict(big="gran", black="nero", brave="kor", old="sen", small="pim", young="jun")
VERBS = dict(calls="voc", fears="tem", follows="seq", helps="aud", likes="lik", sees="vid")


def sentence(rng):
    """The (big) dog sees the (small) cat -> dalo (gran) katu (pim) vid.

    The adjective comes behind its noun, the verb at the end.
    """
    verb, text, there = pick(rng, [*VERBS]), [], []
    for last in (False, True):
        noun = pick(rng, [*NOUNS])
        some = [pick(rng, [*ADJECTIVES])] * int(rng.integers(2))           # an adjective or none
        text += [verb] * last + ["the", *some, noun]
        there += [NOUNS[noun], *(ADJECTIVES[a] for a in some)]
    return Story([text], [Question([], [*there, VERBS[verb]], 1)])


rng = np.random.default_rng([args.seed, 7])
n_train, n_new = (400, 50) if args.quick else (2000, 500)
different = {}
while len(different) < n_train + n_new:                    # no sentence is both learnt and asked
    made = sentence(rng)
    different[tuple(made.facts[0])] = made
texts = list(different.values())
print("A story of one text, a question of no words (q = 0), no passes: the last state\n"
      "of the input module is a_0.  That is sequence-to-sequence (section 3).")
translator, batch = learn(texts[:n_train], texts[n_train:], 2 if args.quick else 8, passes=0,
                          facts="words", hidden=60, embedding=30, batch=16,
                          epochs=5 if args.quick else 12)
right_texts, out = scored(translator, batch)
for i in range(3):
    text = " ".join(texts[n_train + i].facts[0])
    print(f"  {text:38} {decoded(translator, out.answers[i])}")
longest = batch.n_answer.argmax()
title = " ".join(texts[n_train + longest].facts[0])
panels.append(panel(translator, out, longest, title, 8))

# %% [markdown]
# ## 4. Probabilities of words by decoding step

# %% 4. Probabilities of words by decoding step
heading(4, "Probabilities of words by decoding step")
saved(plot_decoding(panels, args.out / "07_decoding.png"))
for says, right, least in (
        ("nine lists in ten are right as a whole", right_lists, 0.9),
        ("half of the lists of two words are right as a whole", right_lists[two], 0.5),
        ("nine translations in ten are right as a whole", right_texts, 0.9)):
    low, high = interval(right.mean(), len(right)) if len(right) else (0.0, 1.0)
    claim(f"more than {says}", low > least, f"{right.sum()} of {len(right)}, 95 % interval "
          f"{100 * low:.1f} to {100 * high:.1f} %", args.quick)

# %% [markdown]
# ## 5. To take away

# %% 5. To take away
shares = (f"{100 * right_lists.mean():.1f} % of the lists, "
          f"{100 * right_texts.mean():.1f} % of the translations")
print(f"""
What you saw: an answer of several words begins with one state; each word is fed
back; <eos> is a word like the others.  Right as a whole here:
{shares}.  All in all {perf_counter() - began:.0f} s.

Where the code is, in tinydmn/:""")
where("eqs (9), (10)  decoding", answer_numpy.decode_forward)
where("  its derivative", answer_numpy.decode_backward)
where("where an answer ends", answer_sequence.until_end)
where("a whole answer is right", answer_sequence.right)
where("no passes", parts.memory_of)
print("""
Your turn
  1. DONE = 0.0: a word no longer makes room.  What does the decoder say, and
     what ends it, <eos> or Config().longest?
  2. A language that says all backwards: in sentence(), text[::-1] as the
     answer.  Harder or easier than an order of its own?
  3. "teacher_forcing": "no" in learn's Config: it is fed its own predictions
     while it learns.  Are the first epochs slower?  Is the end better?

Next: lesson 8, python lessons/08_how_many_passes.py""")
outcomes("n again and again, so the claim of scene 1 no longer holds.  Scene 1 says what ended it.",
         "Easier, though the answers are longer: each word is the one before it in the text.",
         "The first epochs are slower: while its own predictions are wrong, it practises on wrong "
         "inputs.  The end is as good, within the intervals.")
