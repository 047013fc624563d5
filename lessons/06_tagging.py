# %% [markdown]
"""
# Lesson 6 - tagging: one memory for each word, what does it cost, what does it give?

    python lessons/06_tagging.py                 (15 s on 2 cores)
    python lessons/06_tagging.py --data DIR      sentences of your own: train.tsv and
                                                 dev.tsv (word, tab, tag) or CoNLL-U

You need: lesson 3 (gates, passes).

You get: section 2.4's e^i = h^i_t by hand, its cost against the length of a sentence, taggers with
0, 1 and 2 passes, and which earlier words a tag depends on.
"""

# %%
from collections import Counter
from dataclasses import replace
from time import perf_counter, process_time

import numpy as np

from common import (WIDTH, claim, heading, options, outcomes, predict, run_training, same, saved,
                    where)
from tinydmn import DMN, Vocabulary, input_module, ops, word_vectors
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import features_of
from tinydmn.ops import passes_numba, passes_numpy
from tinydmn.ops.groups import GRU, Gate, Memory, Passes, take
from tinydmn.parts import Net
from tinydmn.plots import plot_cost, plot_word_gates
from tinydmn.plots.tags import power_fit
from tinydmn.terminal import wrap
from tinydmn.training.evaluate import interval
from tinydmn.tasks import about_run, gather
from tinydmn.training.material import batch_of, unknown_words

args = options(__doc__, data=True)
began = perf_counter()
rng = np.random.default_rng(args.seed)
op = ops.load("numpy")
sigma = lambda v: 1 / (1 + np.exp(-v))
softmax = lambda v: np.exp(v - v.max()) / np.exp(v - v.max()).sum()
show = lambda text: print(*wrap(text, WIDTH), sep="\n")

# %% [markdown]
# ## 1. Two words, two passes
#
# A tag is asked for at every word, so each word $t$ has a memory of its own: eq. (8) becomes
# $e^i(t) = h^i_t$, and
#
# $$g^i_s(t) = G(c_s, m^{i-1}(t), q), \quad s \le t, \qquad
#   m^i(t) = \mathrm{GRU}(e^i(t), m^{i-1}(t)).$$


# %% 1. Two words, two passes
def gru(x, h, p, name):
    """Eqs (1)-(4).  x (I,), h (H,) -> (H,)."""
    (W_z, W_r, W_h), (U_z, U_r, U_h), (b_z, b_r, b_h) = (np.split(p[f"{name}.{part}"], 3)
                                                         for part in "WUb")
    z, r = sigma(W_z @ x + U_z @ h + b_z), sigma(W_r @ x + U_r @ h + b_r)
    return z * h + (1 - z) * np.tanh(W_h @ x + r * (U_h @ h) + b_h)


def gate(c, m, q, p):
    """Eqs (5), (6): one fact, one memory -> g."""
    bilinear = [c @ p["gate.W_b"] @ q, c @ p["gate.W_b"] @ m]
    z_feat = np.concatenate([c, m, q, c * q, c * m, abs(c - q), abs(c - m), bilinear])
    return sigma(p["gate.W_2"] @ np.tanh(p["gate.W_1"] @ z_feat + p["gate.b_1"]) + p["gate.b_2"])


def alone(t, c, q, p, passes, shut=()):
    """Word t by itself: facts c (n, H), q (H,) -> a list, a pass each, of (gates 0 .. t, e, m).

    shut: pairs (pass, fact) whose gate is 0.
    """
    m, steps = q, []
    for i in range(passes):
        g = [0.0 if (i, s) in shut else gate(c[s], m, q, p) for s in range(t + 1)]
        h = np.zeros(len(q))
        for s in range(t + 1):
            h = g[s] * gru(c[s], h, p, "episode") + (1 - g[s]) * h         # (7)
        e, m = h, gru(h, m, p, "memory")                                   # (8), h_t for h_TC
        steps.append((g, e, m))
    return steps


heading(1, "Two words, two passes")
H, G, words = 2, 3, ("they", "saw")
sizes = {"gate.W_b": (H, H), "gate.W_1": (G, 7 * H + 2), "gate.b_1": G, "gate.W_2": G,
         "gate.b_2": ()}
for name in ("episode", "memory"):
    sizes |= {f"{name}.W": (3 * H, H), f"{name}.U": (3 * H, H), f"{name}.b": 3 * H}
p = {name: np.asarray(rng.normal(size=size).round(1)) for name, size in sizes.items()}     # random
c, q = rng.normal(size=(2, H)).round(1), rng.normal(size=H).round(1)
told = lambda v: "(" + ", ".join(f"{x:+.2f}" for x in v) + ")"
print(f"facts  c_1 = {told(c[0])} {words[0]}\n"
      f"       c_2 = {told(c[1])} {words[1]}     question  q = {told(q)}\n"
      "Word t looks at the facts 1 .. t, and its episode is e = h_t (section 2.4).\n")
predict("both words look at fact 1.  In which pass is its gate the same for both, and why?")

# %%
by_hand = [alone(t, c, q, p, 2) for t in (0, 1)]
print()
for i in (0, 1):
    for t in (0, 1):
        g, e, m = by_hand[t][i]
        gates = "  ".join(f"{x:.2f}" for x in g)
        print(f"  pass {i + 1}, {words[t]:4}  g = {gates:10}  e = h_{t + 1} = {told(e)}  "
              f"m = {told(m)}")
weights = Memory(take(Gate, p, "gate"), take(GRU, p, "episode"), take(GRU, p, "memory"))
memories, _, _ = op.word_passes_forward(c[None], q[None], np.array([2]), weights,
                                        Passes(2, "gated"))
print()
same("Both words at once (word_passes) and each by itself, their memories", memories,
     [[by_hand[t][i][2] for t in (0, 1)] for i in (0, 1)], 1e-12)
pass_1, pass_2 = ([f"{by_hand[t][i][0][0]:.4f}" for t in (0, 1)] for i in (0, 1))
print(f"Fact 1 in pass 1: g = {pass_1[0]} and {pass_1[1]} for the two words, as both have "
      f"m^0 = q.\nIn pass 2: {pass_2[0]} and {pass_2[1]}, as each word has an m^1 of its own.")

# %% [markdown]
# ## 2. What it costs
#
# One run over $n$ facts gives all $h_t$ where the gates are the same for every word (pass 1);
# where they are not (later passes), word $t$ takes $t$ steps of its own, $n (n + 1) / 2$ in all.

# %% 2. What it costs
heading(2, "What it costs")
material = gather(about_run("pos", args.data, args.seed, column="xpos"), hidden=40, embedding=30,
                  dropout=0.1, epochs=6 if args.data and not args.quick else 4)
train = material.train[:400 if args.quick else 2000]
valid = material.valid[:60 if args.quick else 400]
vocabulary = replace(Vocabulary.build(train, "tags", features=True),
                     answers=material.vocabulary.answers)
configs = {"0 passes": {"passes": 0}, "1 pass": {"passes": 1}, "2 passes": {"passes": 2},
           "1 pass, both ways": {"passes": 1, "bidirectional": "yes"}}
configs = {name: replace(material.config, **{"bidirectional": "no"} | given)
           for name, given in configs.items()}
print("Pass 1: the gates are the same for every word, so one run over n facts gives\n"
      "all h_t.  Pass 2: every word runs alone, 1 + 2 + .. + n = n(n + 1)/2 steps.\n")
predict("twice the length: by which factor does the time of 1 pass grow, and that of 2 passes?")

# %%
lengths = (5, 10, 20, 40) if args.quick else (5, 10, 20, 40, 80, 160)
form, tag = train[0].facts[0][0], vocabulary.answers[0]
cost = {"1 pass": [], "2 passes": []}
for n in lengths:
    sentences = [Story([[form] * n], [Question(["tags"], [tag] * n, 1)])] * 4
    for name in cost:
        config = configs[name]
        net = DMN(config, vocabulary, seed=args.seed)
        batch = batch_of(sentences, vocabulary, config)
        seconds = []
        for _ in range(8):                                 # the first warms up; then the fastest
            start = process_time()                         # of this process: others do not count
            net.loss_and_grads(batch)
            seconds.append(process_time() - start)
        cost[name].append(min(seconds[1:]))
unit = cost["1 pass"][0]
relative = {name: np.array(seconds) / unit for name, seconds in cost.items()}
print("\n  words   steps: pass 1    pass 2     time: 1 pass  2 passes")
for i, n in enumerate(lengths):
    print(f"  {n:5} {n:15} {sum(range(1, n + 1)):9} {relative['1 pass'][i]:16.1f} "
          f"{relative['2 passes'][i]:9.1f}")
fits = {name: power_fit(np.array(lengths), times) for name, times in relative.items()}
used = fits["1 pass"][3]
spread = lambda low, high: f" ({low:.1f} to {high:.1f})" * (len(used) > 2)
powers = " and ".join(f"{k:.1f}{spread(low, high)} in {name}"
                      for name, (k, low, high, _) in fits.items())
print(f"CPU time, forward and backward, in units of {lengths[0]} words in 1 pass.  It grows as "
      f"the\nlength to the power {powers}.")
show(f"This is fitted to {len(used)} of the {len(lengths)} lengths, "
     f"{', '.join(str(n) for n in used)}: in a shorter sentence the call itself counts more."
     + " In brackets: the least and the greatest power from one of them to the next."
     * (len(used) > 2))
show(f"Memory is bounded: of more than {passes_numba.PAIRS:,} steps in pass 2 none are kept for "
     "the way back; they are made again.")
saved(plot_cost(lengths, relative, args.out / "06_cost.png", f"{lengths[0]} words in 1 pass"))
claim("two passes grow faster with the length than one", fits["2 passes"][0] > fits["1 pass"][0],
      f"the powers are {fits['2 passes'][0]:.1f} and {fits['1 pass'][0]:.1f}", args.quick)

# %% [markdown]
# ## 3. What it gives

# %% 3. What it gives
heading(3, "What it gives")
seen = Counter((w, k) for s in train for w, k in zip(s.facts[0], s.questions[0].answer))
often = {w: k for (w, k), _ in reversed(seen.most_common())}         # the commonest comes last
# for a new word: the commonest tag of words seen once
usual = Counter(k for (_, k), times in seen.items() if times == 1).most_common(1)[0][0]
tags_of = {"most frequent tag": [[often.get(w, usual) for w in s.facts[0]] for s in valid]}
right = [s.questions[0].answer for s in valid]
show(f"{len(train)} sentences ({args.data or 'our own grammar'}), {material.config.epochs} epochs; "
     f"the {len(valid)} others that the scores are of choose the epoch, too. "
     "No gate is told where to look: E_CE of the tags alone.")
predict("which helps more, a second pass, or to read the sentence from both ends?")

# %%
nets = {}
for name, config in configs.items():
    net = nets[name] = DMN(config, vocabulary, seed=args.seed)
    print(f"{name}:", flush=True)
    valid_batch = batch_of(valid, vocabulary, config)
    run_training(net, batch_of(train, vocabulary, config), valid_batch, args.seed)
    predicted = net.forward(valid_batch).answers
    tags_of[name] = [[vocabulary.answers[k] for k in row if k >= 0] for row in predicted]
unknown = unknown_words(valid_batch, valid, train)
print(f"\n{'':20}  all words  95 % interval   words never seen ({unknown.sum()})")
hits = {name: [np.array([a == b for a, b in zip(*pair)]) for pair in zip(tags, right)]
        for name, tags in tags_of.items()}
for name, by_sentence in hits.items():
    every = np.concatenate(by_sentence)
    new = np.concatenate([hit[row[:len(hit)]] for hit, row in zip(by_sentence, unknown)])
    low, high = (100 * x for x in interval(every.mean(), len(every)))
    print(f"  {name:18}  {100 * every.mean():7.1f} %  {low:.1f} to {high:.1f} "
          f"{100 * new.mean() if len(new) else 0:13.1f} %")
print("0 passes: the memory of a word is its fact.  Both ways: a second GRU reads from\n"
      "the end, and a fact is the sum of both states, so it knows what follows as well.")


def gain(name, over):
    """By how many points of all words one tagger is better than another -> it, lower, upper.

    A 95 % interval; a sentence is the unit, as its words hang together.
    """
    pairs = list(zip(hits[over], hits[name]))
    d = np.array([two.sum() - one.sum() for one, two in pairs])
    n = np.array([len(one) for one, _ in pairs])
    half = 1.96 * np.sqrt(np.sum((d - n * d.sum() / n.sum()) ** 2))
    return [100 * (d.sum() + x) / n.sum() for x in (0, -half, half)]


points = lambda numbers: "{:+.1f} points ({:+.1f} to {:+.1f})".format(*numbers)
verdict = lambda numbers: "better" if numbers[1] > 0 else "worse" if numbers[2] < 0 else \
    "not decided"
print("One beside another, on the same words:")
over = {name: gain(name, "0 passes" if name == "1 pass" else "1 pass")
        for name in ("1 pass", "2 passes", "1 pass, both ways")}
for name, numbers in over.items():
    print(f"  {name:18} over {'0 passes' if name == '1 pass' else '1 pass':9} {points(numbers)}"
          + f": {verdict(numbers)}" * (not args.quick))
gains = {name: gain(name, "most frequent tag") for name in nets}
worst = min(nets, key=lambda name: gains[name][1])
claim("every network beats the most frequent tag", gains[worst][1] > 0,
      f"the least of them ({worst}) by {points(gains[worst])}", args.quick)

# %% [markdown]
# ## 4. Which words a tag depends on
#
# Shut one gate, leave all else as it is, and see how much of the probability of the tags moves.

# %% 4. Which words a tag depends on
heading(4, "Which words a tag depends on")
exact = DMN(configs["2 passes"], vocabulary, "numpy", dtype="float64")
exact.theta[...] = nets["2 passes"].theta
together = exact.forward(batch_of(valid, vocabulary, exact.config))
first = np.cumsum([0, *map(len, right)])                   # each sentence's first word among all
gates = np.concatenate([together.gates[:, i:j, :j - i][:, np.tri(j - i, dtype=bool)].ravel()
                        for i, j in zip(first, first[1:])])
open_ = np.quantile(gates, 0.05) > 0.9
show(f"After training the gates of 2 passes run from {gates.min():.2f} to {gates.max():.2f}, with "
     f"{np.quantile(gates, 0.05):.2f} or more in 95 % of the positions: "
     + ("eq. (7) is a plain GRU over the facts, and they say nothing." if open_ else
        "they differ from fact to fact."))
print("What a tag takes from a word shows where that word's gate is shut: eq. (7) with\n"
      "g = 0 there, all else as it is.\n")


def facts_of(story):
    """-> c (n, H), q (H,) of one sentence."""
    batch = batch_of([story], vocabulary, exact.config)
    one, forms = word_vectors.distinct(batch, len(vocabulary.words))
    net = Net(exact.params, exact.config, op)
    vectors = word_vectors.forward(forms, None, net)
    c = input_module.forward(vectors, input_module.plan(one, exact.config), net)[0][0]
    return c, exact.forward(batch).memories[0, 0]                          # q = m^0


def depends_on(c, q, passes=(0, 1)):
    """What a shut gate moves -> (n, n), row t: the share of the probability of word t's tags.

    Column s: with the gate of word s shut in `passes`.
    """
    moved = np.zeros((len(c), len(c)))
    for t in range(len(c)):
        last_m = lambda shut=(): alone(t, c, q, exact.params, 2, shut)[-1][2]
        says = lambda shut=(): softmax(exact.params["answer.W_a"] @ last_m(shut))          # (9)
        whole = says()
        for s in range(t + 1):
            moved[t, s] = np.abs(whole - says({(i, s) for i in passes})).sum() / 2
    return moved


two, baseline = tags_of["2 passes"], tags_of["most frequent tag"]
wrong = lambda tags, i: sum(a != b for a, b, new in zip(tags[i], right[i], unknown[i]) if not new)
fit = [i for i in range(len(valid)) if 4 <= len(right[i]) <= 8] or \
    [min(range(len(valid)), key=lambda i: len(right[i]))]
fit = sorted(fit, key=lambda i: (wrong(two, i) - wrong(baseline, i), len(right[i]), i))
fit = fit[:5 if args.quick else 25]
chosen = max(fit, key=lambda i: np.tril(depends_on(*facts_of(valid[i])), -1).max())
words, (c, q) = valid[chosen].facts[0], facts_of(valid[chosen])
n = len(words)
print(f"Of {len(fit)} short sentences, those where 2 passes gain most over the most frequent\n"
      "tags, the one in which an earlier word moves a tag most:")
for w, usual_tag, tag, correct in zip(words, baseline[chosen], two[chosen], right[chosen]):
    print(f"  {w:20.20} most frequent: {usual_tag:6} 2 passes: {tag:6} "
          f"{'right' if tag == correct else 'wrong: ' + correct}")
predict("on which earlier word does which tag depend most?")

# %%
panels = {title: depends_on(c, q, passes) for title, passes in (
    ("shut in pass 1", (0,)), ("shut in pass 2", (1,)), ("shut in both", (0, 1)))}
saved(plot_word_gates(words, {"most frequent": baseline[chosen], "2 passes": two[chosen]}, panels,
                      args.out / "06_tagging.png", right[chosen],
                      legend="a row: what share of the probability of this word's tags moves to "
                             "others where the gate of a word is shut; darker = more"))
t, s = np.unravel_index(np.argmax(np.tril(panels["shut in both"], -1)), (n, n))
in_1, in_2, in_both = (100 * moved[t, s] for moved in panels.values())
show(f"No tag depends more on an earlier word than that of \"{words[t]}\" (word {t + 1}) on "
     f"\"{words[s]}\" (word {s + 1}): with the gate of \"{words[s]}\" shut in both passes "
     f"{in_both:.0f} % of its probability moves to other tags, in pass 1 alone {in_1:.0f} %, "
     f"in pass 2 alone {in_2:.0f} %.")
same(f"Each of these {n} words by itself and all words of {len(valid)} sentences at once, their "
     "memories", [alone(k, c, q, exact.params, 2)[-1][2] for k in range(n)],
     together.memories[2, first[chosen]:first[chosen + 1]])

# %% [markdown]
# ## 5. To take away

# %% 5. To take away
worth = over["2 passes"]
gives = "what it is worth, this size cannot tell" if args.quick else \
    f"here it is worth {worth[0]:+.1f} points over one pass ({verdict(worth)})"
print()
show("What you saw: one memory for each word costs n steps in the first pass, and n(n + 1)/2 in "
     f"the second; {gives}. An open gate does not tell what a tag depends on, a shut one does.")
print(f"""All in all {perf_counter() - began:.0f} s.

Where the code is, in tinydmn/ (each derivative below its function):""")
where("eqs (5)-(8), e^i = h^i_t", passes_numpy.word_passes_forward)
where("  its derivative", passes_numpy.word_passes_backward)
where("all words at once, compiled", passes_numba.word_passes_forward)
where("bounded memory", passes_numba.chunks)
where("what spelling tells", features_of)
print("""
Your turn
  1. features=False in Vocabulary.build: what becomes of words never seen?
  2. "2 passes": {"passes": 2, "bidirectional": "yes"} in configs: do fewer tags
     depend on an earlier word's gate, where each fact knows the whole sentence?
  The whole treebank: tinydmn train pos --data DIR; tinydmn table 3 --data DIR

Next: lesson 7, python lessons/07_decoding.py""")
outcomes("Their accuracy falls: without spelling they all look like one unknown word.",
         "Compare the picture: what a fact already knows it need not take through a gate.")
