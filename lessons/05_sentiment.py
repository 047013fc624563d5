# %% [markdown]
"""
# Lesson 5 - sentiment: when does a second look change the mind?

    python lessons/05_sentiment.py                 (half a minute on 2 cores)
    python lessons/05_sentiment.py --data DIR      the same on the Stanford Sentiment Treebank
                                                   (train.txt and dev.txt of trees; minutes)

You need: lesson 3 (gates, passes, eq. 7).

You get: the paper's figures 4 and 5 in five words by hand, then from networks with one pass and
with two, each with three seeds.
"""

# %%
from dataclasses import replace
from math import exp, tanh
from time import perf_counter

import numpy as np

from common import (WIDTH, claim, heading, options, outcomes, predict, run_training, same, saved,
                    where)
from tinydmn import DMN, input_module, ops
from tinydmn.data.batch import take_stories
from tinydmn.data.grammar.sentiment import sentiment_texts
from tinydmn.data.story import Story
from tinydmn.ops import episode_numpy, gate_numpy, passes_numpy
from tinydmn.ops.groups import GRU, Gate
from tinydmn.plots import plot_word_attention
from tinydmn.terminal import wrap
from tinydmn.training.evaluate import interval
from tinydmn.tasks import about_run, gather

args = options(__doc__, data=True)
began = perf_counter()
np.set_printoptions(precision=2, suppress=True, floatmode="fixed", linewidth=80)
op = ops.load("numpy")         # the reference implementation: scene 1 is small enough for it
# how the unit that shuts a gate weighs praise in a fact, and "described as" in the memory
PRAISE, HEARD = 2.0, 3.0

# %% [markdown]
# ## 1. Five words by hand: every word is a fact
#
# In a single sentence every word is a fact, and passes run over the words:
#
# $$h^i_t = g^i_t\, \mathrm{GRU}(c_t, h^i_{t-1}) + (1 - g^i_t)\, h^i_{t-1} \tag{7}$$
#
# A gate reads the memory (eq. 6), so what pass 1 found can shut a gate in pass 2.

# %% 1. Five words by hand: every word is a fact
heading(1, "Five words by hand: every word is a fact")
words = "best described as lukewarm .".split()
# the four numbers stand for: a feeling, praise, "described as" was read, blame;
# a fact is a state, so it holds the words so far
c = np.array([[1.0, 1.0, 0.0, 0.0],                        # best
              [0.0, 0.0, 1.0, 0.0],                        # described
              [0.0, 0.0, 1.0, 0.0],                        # as
              [1.0, 0.0, 1.0, 0.3],                        # lukewarm
              [0.0, 0.0, 1.0, 0.0]])                       # .
q = np.array([[1.0, 0.0, 0.0, 0.0]])                       # the question: a feeling
T, H = c.shape
# blocks of z, eq. (5): c at 0, m at H, q at 2H, c∘q at 3H, ...
W_b, W_1 = np.zeros((H, H)), np.zeros((2, 7 * H + 2))
W_1[0, 3 * H], W_1[1, 1], W_1[1, H + 2] = 3.0, PRAISE, HEARD               # unit 2 shuts
b_1, W_2, b_2 = np.array([0.0, -3.0]), np.array([8.0, -6.0]), np.array(-9.0)
W = np.kron([[0], [0], [1]], np.eye(H))                    # eq. (7): z = 1/2, h~ = tanh(c)
U, b = np.zeros((3 * H, H)), np.zeros(3 * H)
W_m, b_m = 2 * W, np.repeat([-9.0, 0.0, 0.0], H)           # memory: z near 0, h~ = tanh(2 e)
weights = Gate(W_b, W_1, b_1, W_2, b_2)
sigma = lambda x: 1 / (1 + exp(-x))
predict("best opens its gate in pass 1.  In pass 2 the memory has heard \"described as\": which "
        "gates change?")

# %%
m, looks, sure = q, [], []
by_hand, by_ops = [], []                                   # what is computed both ways
for i in (1, 2):
    s = op.gate_forward(c[None], m, q, weights)[0]
    e, g, _ = op.gated_episode_forward(c[None], s, GRU(W, U, b))           # (7), (8)
    print(f"\npass {i}: memory {m[0]}\n  {'':10} unit 1  unit 2      s     g    h, eq. (7)")
    h = [0.0] * H
    for t, word in enumerate(words):
        unit_1 = tanh(3 * c[t, 0] * q[0, 0])
        unit_2 = tanh(PRAISE * c[t, 1] + HEARD * m[0, 2] - 3)
        score = 8 * unit_1 - 6 * unit_2 - 9                                # eq. (6), in floats
        gate = sigma(score)
        h = [gate * (h_j + tanh(c_j)) / 2 + (1 - gate) * h_j for h_j, c_j in zip(h, c[t])]
        print(f"  {word:10} {unit_1:6.2f}  {unit_2:6.2f}  {score:5.2f}  {gate:.2f}    "
              f"{np.array(h)}")
        by_hand += [score, gate]
        by_ops += [s[0, t], g[0, t]]
    by_hand += h
    by_ops += [*e[0]]
    m = op.gru_cell_forward(e, m, GRU(W_m, U, b_m))[0]
    looks.append(g[0])
    sure.append(sigma(20 * (m[0, 1] - m[0, 3])))           # (9): softmax of praise and blame * 20
    print(f"  memory {m[0]}: praise {m[0, 1]:.2f}, blame {m[0, 3]:.2f}; "
          f"P(positive) = {sure[-1]:.2f}")
print()
same("Scores, gates and episodes by hand and by tinydmn/ops", by_ops, by_hand)
if claim("the second look leaves best and keeps lukewarm",
         looks[0][0] > 0.5 > looks[1][0] and looks[1][3] > 0.5,
         f"best has {looks[0][0]:.2f}, then {looks[1][0]:.2f}; lukewarm {looks[0][3]:.2f}, then "
         f"{looks[1][3]:.2f}"):
    print("With lukewarm came what stood before it: the memory now holds \"described as\",\n"
          "and unit 2, which reads it, shuts the gate of best.  Nothing else changed.")
claim("the second look changes the mind", sure[0] > 0.5 > sure[1],
      f"P(positive) is {sure[0]:.2f} after one look and {sure[1]:.2f} after two")

# %% [markdown]
# ## 2. Counting words: the baseline
#
# Naive Bayes draws the words of a text one by one, so their order is lost:
#
# $$\hat y = \arg\max_y\ \log P(y) + \sum_t \log P(w_t \mid y)$$

# %% 2. Counting words: the baseline
heading(2, "Counting words: the baseline")
epochs = 2 if args.quick else 7 if args.data is None else 4
# of the networks; the texts are those of --seed
seeds = [args.seed] if args.quick else [args.seed, args.seed + 1, args.seed + 2]
about = about_run("sst", args.data, args.seed, kind="fine", phrases=0.1)
material = gather(about, hidden=40, embedding=40, gate_hidden=40, epochs=epochs, patience=epochs,
                  batch=16, learning_rate=3e-3, bidirectional="no")
vocabulary, answers = material.vocabulary, material.vocabulary.answers
if args.data is None:
    known = {tuple(story.facts[0]) for story in material.train + material.valid}
    test = sentiment_texts(300 if args.quick else 2000, np.random.default_rng([args.seed, 9]))
    test, told = [story for story in test if tuple(story.facts[0]) not in known], "new"
elif material.test:
    test, told = material.test, "of test.txt"
else:
    test, told = material.valid, "held out (they choose the epoch, too)"
fresh = None if args.quick else material.epoch             # phrases are drawn anew each epoch
learn = material.batch(material.train[:300]) if args.quick else \
    material.epoch(np.random.default_rng(args.seed))
valid = material.batch(material.valid[:100] if args.quick else material.valid)
held_out = material.batch(test)
# (S, T): what is no padding
real = lambda batch: np.arange(batch.tokens.shape[1]) < batch.n_tokens[:, None]
count = np.ones((len(answers), len(vocabulary.words)))     # one is added to each count
np.add.at(count, (np.repeat(learn.answer, learn.n_tokens), learn.tokens[real(learn)]), 1)
log_p = np.log(count / count.sum(axis=1, keepdims=True))   # log P(word | answer)
n_of = np.bincount(learn.answer, minlength=len(answers))
log_prior = np.log((1 + n_of) / (len(answers) + len(learn.answer)))


def parts_of(batch, size=500):
    """A Batch in parts of at most `size` stories."""
    S = len(batch.n_tokens)
    return (take_stories(batch, np.arange(first, min(first + size, S)))[0]
            for first in range(0, S, size))


def naive_bayes(batch):
    """The likeliest answer of each text -> (S,)."""
    by_word = log_p.T[batch.tokens] * real(batch)[:, :, None]
    return (log_prior + by_word.sum(axis=1)).argmax(axis=1)


def says(right):
    low, high = interval(right.mean(), len(right))
    return f"{100 * right.mean():5.1f} % ({100 * low:.1f}-{100 * high:.1f})"


bayes = naive_bayes(held_out) == held_out.answer
ask = test[0].questions[0]
twins = [Story([f"it is {one} , but it is {other} .".split()], [ask])
         for one, other in (("good", "bad"), ("bad", "good"))]
counted = naive_bayes(material.batch(twins))
for twin, said in zip(twins, counted):
    print(f"  {' '.join(twin.facts[0]):30}  naive Bayes: {answers[said]}")
lost = "The same words, the same answer: the order is lost.  " * bool(counted[0] == counted[1])
print(f"{lost}{len(test)} texts, {told}:\n"
      f"  naive Bayes  {says(bayes)}   in brackets: 95 % intervals")

# %% [markdown]
# ## 3. One look and two, trained on the same texts

# %% 3. One look and two, trained on the same texts
heading(3, "One look and two, trained on the same texts")
seconds = 1 if args.quick else 5 if args.data is None else 40
print(f"{len(learn.answer)} texts, {len(answers)} answers, {epochs} epochs; {len(seeds)} "
      f"seed{'s' * (len(seeds) > 1)}, for each a network with one pass\n"
      f"and one with two, which begin alike; on 2 quiet cores about {seconds} s a network.\n"
      + ("A fact knows the words before it, not those behind: at its first look the\n"
         "network does not know what follows." if material.config.bidirectional == "no" else
         "A fact knows the words before it and those behind: the first look knows already\n"
         "what follows."))
predict("by how many points does the second pass help on texts with but or although, and on the "
        "others?")

# %%
PASSES = {"one pass": 1, "two passes": 2}
nets, right = {}, {name: [] for name in PASSES}            # nets: those of the first seed
for seed in seeds:
    for name, passes in PASSES.items():
        net = DMN(replace(material.config, passes=passes), vocabulary, seed=seed)
        run_training(net, learn, valid, seed, fresh=fresh, lines=False)
        nets.setdefault(name, net)
        right[name].append(np.concatenate([net.forward(part).answers == part.answer
                                           for part in parts_of(held_out)]))
    figures = "    ".join(f"{name} {says(found[-1])}" for name, found in right.items())
    print(f"  seed {seed}:  {figures}", flush=True)
right = {name: np.array(found) for name, found in right.items()}           # (seeds, texts)

# %% [markdown]
# ## 4. Attention over the words (the paper's figures 4 and 5)

# %% 4. Attention over the words (the paper's figures 4 and 5)
heading(4, "Attention over the words (the paper's figures 4 and 5)")
texts = [f" {' '.join(story.facts[0])} " for story in test]
several = np.array([any(sign in text for sign in (" , but ", " although ", " still "))
                    for text in texts])
described = np.array(["best described as" in text for text in texts])
short = (several | described) & (held_out.n_facts <= 16)   # one that fits the page
telling = short & right["two passes"][0] & ~right["one pass"][0]
some, of = (telling, "these") if telling.any() else (short, "all of them") if short.any() else \
    (np.ones(len(test), bool), "all texts")
among = np.flatnonzero(some)
out = {name: net.forward(take_stories(held_out, among)[0]) for name, net in nets.items()}
change = np.abs(np.diff(out["two passes"].gates, axis=0)[0]).sum(axis=1)
shown = (change / held_out.n_facts[among]).argmax()
chosen = among[shown]
print(f"Texts of at most 16 words with but, although, still or best described as: {short.sum()}.\n"
      f"With seed {seeds[0]} two passes are right on them and one pass wrong: {telling.sum()}.\n"
      f"Of {of} the one at which the second look moves most:")
words = test[chosen].facts[0]
panels = [(name, out[name].gates[:, shown, :len(words) + 1], answers[out[name].answers[shown]])
          for name in nets]
print(f"\n  {'':14} {'one pass':16} {'two: pass 1':16} two: pass 2")
for t, word in enumerate(words):
    bars = " ".join(f"{g:.2f} {'#' * round(10 * g):11}" for _, gates, _ in panels
                    for g in gates[:, t])
    print(f"  {word:14.14} " + bars.rstrip())
print(f"  {'answer':14} {panels[0][2]:16} {panels[1][2]}\n"
      f"  {'right':14} {answers[held_out.answer[chosen]]}")
saved(plot_word_attention(words, panels, args.out / "05_sentiment.png", " ".join(words),
                          answers[held_out.answer[chosen]]))

# %% [markdown]
# ## 5. Is the second look worth it?

# %% 5. Is the second look worth it?
heading(5, "Is the second look worth it?")


def gain(some):
    """By how many points two passes are better than one on some texts, the mean of the seeds.

    -> it, lower, upper; the interval is over the texts.
    """
    d = (right["two passes"][:, some].astype(float) - right["one pass"][:, some]).mean(axis=0)
    if not len(d):
        return (0.0,) * 3
    return [100 * (d.mean() + x * 1.96 * d.std() / np.sqrt(len(d))) for x in (0, -1, 1)]


every = np.ones(len(test), bool)
groups = {"all": every, "of two clauses": several, "others": ~several}
print(f"  {'texts':14}{'':6}  naive Bayes  one pass  two passes  two over one")
for name, some in groups.items():
    shares = [100 * found[..., some].mean() if some.any() else 0.0
              for found in (bayes, right["one pass"], right["two passes"])]
    print(f"  {name:14}{some.sum():6}" + "  {:9.1f} % {:7.1f} % {:9.1f} %".format(*shares)
          + "  {:+.1f} ({:+.1f} to {:+.1f})".format(*gain(some)))
by_seed = [100 * (two.mean() - one.mean())
           for one, two in zip(right["one pass"], right["two passes"])]
print(*wrap(f"Of the networks: the mean of {len(seeds)} seed{'s' * (len(seeds) > 1)}. Seed by seed "
            f"two passes are ahead by {', '.join(f'{d:+.1f}' for d in by_seed)} points of all "
            "texts. The intervals are over the texts, not over the seeds.", WIDTH), sep="\n")
least = min((100 * (found.mean() - bayes.mean()), f"{name}, seed {seed}")
            for name in nets for seed, found in zip(seeds, right[name]))
mean, low, high = gain(every)
claim("every network beats the counting of words", least[0] > 0,
      f"the least of them ({least[1]}) by {least[0]:+.1f} points", args.quick)
on_average = claim("two passes are better than one, on average over these seeds", low > 0,
                   f"by {mean:+.1f} points (95 % interval {low:+.1f} to {high:+.1f})", args.quick)

# %% [markdown]
# ## 6. To take away

# %% 6. To take away
if args.quick:
    verdict = "Whether that pays, this size cannot tell."
else:
    verdict = "Here it pays" if on_average else "Here it costs" if high < 0 else \
        "Whether it pays, these texts do not decide"
    verdict += (f": {mean:+.1f} points after {epochs} epochs on average, from {min(by_seed):+.1f} "
                f"to {max(by_seed):+.1f} with one seed or another.")
print()
print(*wrap("What you saw: a second look may know what the first could not, which words are taken "
            "back further on. " + verdict, WIDTH), sep="\n")
print(f"""All in all {perf_counter() - began:.0f} s.

Where the code is, in tinydmn/:""")
where("every word a fact", input_module.forward)
where("eqs (5), (6)  the gate", gate_numpy.gate_forward)
where("eqs (7), (8)  the episode", episode_numpy.gated_episode_forward)
where("the passes", passes_numpy.passes_forward)
where("the labelled texts", sentiment_texts)
where("the 95 % interval", interval)
print("""
Your turn
  1. HEARD = 0.0: what can unit 2 no longer do, and which claims fall?
  2. bidirectional="yes" in gather: a second GRU reads from the end.  What is
     left for the second look?
  3. epochs = 14 in scene 2: is one pass still behind?

Next: lesson 6, python lessons/06_tagging.py""")
outcomes("Read the memory.  Both passes look alike, and both claims of scene 1 no longer hold.",
         "Less: the first look knows already what follows.  Compare the gain in scene 5.",
         "In time one pass may learn to do without: compare the last column of scene 5.")
