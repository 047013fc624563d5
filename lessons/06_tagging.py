"""Lesson 6 - tagging: one memory for each word, what does it cost, what does it give?

    python lessons/06_tagging.py                 (half a minute on 2 cores)
    python lessons/06_tagging.py --data DIR      sentences of your own: train.tsv and
                                                 dev.tsv (word, tab, tag) or CoNLL-U

You need: lesson 3 (gates, passes).
You get: section 2.4's e^i = h^i_t by hand, its cost against the length of a sentence, and taggers with 0, 1 and 2 passes."""
# %%
from collections import Counter
from dataclasses import replace
from time import perf_counter, process_time

import numpy as np

from common import heading, options, saved, where
from tinydmn import DMN, Vocabulary, input_module, ops, word_memories, word_vectors
from tinydmn.data.story import Question, Story
from tinydmn.plots import plot_cost, plot_word_gates, power
from tinydmn.training import loop
from tinydmn.training.evaluate import interval
from tinydmn.training.material import about_run, batch_of, gather, unknown_words
from tinydmn.training.progress import Progress

args = options(__doc__, data=True)
began = perf_counter()
rng = np.random.default_rng(args.seed)
op = ops.load("numpy")


# %% 1. Two words, two passes
def gru(x, h, p, name):
    """Eqs (1)-(4).  x (I,), h (H,) -> (H,)."""
    (W_z, W_r, W_h), (U_z, U_r, U_h), (b_z, b_r, b_h) = (np.split(p[f"{name}.{part}"], 3) for part in "WUb")
    z, r = sigma(W_z @ x + U_z @ h + b_z), sigma(W_r @ x + U_r @ h + b_r)
    return z * h + (1 - z) * np.tanh(W_h @ x + r * (U_h @ h) + b_h)


def gate(c, m, q, p):
    """Eqs (5), (6): one fact, one memory -> g."""
    z_feat = np.concatenate([c, m, q, c * q, c * m, abs(c - q), abs(c - m), [c @ p["gate.W_b"] @ q, c @ p["gate.W_b"] @ m]])
    return sigma(p["gate.W_2"] @ np.tanh(p["gate.W_1"] @ z_feat + p["gate.b_1"]) + p["gate.b_2"])


def alone(t, c, q, p, passes):
    """Word t by itself: facts c (n, H), q (H,) -> what each pass saw, a list of (gates of the facts 0 .. t, e, m)."""
    m, steps = q, []
    for _ in range(passes):
        g = [gate(c[s], m, q, p) for s in range(t + 1)]
        h = np.zeros(len(q))
        for s in range(t + 1):
            h = g[s] * gru(c[s], h, p, "episode") + (1 - g[s]) * h                         # (7)
        e, m = h, gru(h, m, p, "memory")                                                   # (8), with h_t for h_TC
        steps.append((g, e, m))
    return steps


sigma = lambda v: 1 / (1 + np.exp(-v))
heading(1, "Two words, two passes")
H, G, words = 2, 3, ("they", "saw")
sizes = {"gate.W_b": (H, H), "gate.W_1": (G, 7 * H + 2), "gate.b_1": G, "gate.W_2": G, "gate.b_2": (),
         **{f"{name}.{part}": size for name in ("episode", "memory") for part, size in (("W", (3 * H, H)), ("U", (3 * H, H)), ("b", 3 * H))}}
p = {name: np.asarray(rng.normal(size=size).round(1)) for name, size in sizes.items()}           # random; scene 3 trains
c, q = rng.normal(size=(2, H)).round(1), rng.normal(size=H).round(1)
told = lambda v: "(" + ", ".join(f"{x:+.2f}" for x in v) + ")"
print(f"facts  c_1 = {told(c[0])} {words[0]}\n       c_2 = {told(c[1])} {words[1]}     question  q = {told(q)}\n"
      "Word t looks at the facts 1 .. t, and its episode is e = h_t (section 2.4).\n")
by_hand = [alone(t, c, q, p, 2) for t in (0, 1)]
for i in (0, 1):
    for t in (0, 1):
        g, e, m = by_hand[t][i]
        print(f"  pass {i + 1}, {words[t]:4}  g = {'  '.join(f'{x:.2f}' for x in g):10}  e = h_{t + 1} = {told(e)}  m = {told(m)}")
memories, gates, _ = word_memories.forward(c[None], q[None], np.array([2], np.int32), p, 2, op)
apart = max(np.abs(memories[i + 1, t] - by_hand[t][i][2]).max() for i in (0, 1) for t in (0, 1))
print(f"\nBoth words at once (word_memories): the memories differ by {apart:.0e} at most.")
assert apart < 1e-12 and by_hand[0][0][0][0] == by_hand[1][0][0][0] and by_hand[0][1][0][0] != by_hand[1][1][0][0]
print(f"Fact 1 in pass 1: g = {gates[0, 0, 0]:.4f} for both words, as m^0 = q is one question.\n"
      f"In pass 2: {gates[1, 0, 0]:.4f} and {gates[1, 1, 0]:.4f}, as m^1 is another one at each word.")

# %% 2. What it costs
heading(2, "What it costs")
material = gather(about_run("pos", args.data, args.seed, column="xpos"), hidden=40, embedding=30, dropout=0.1,
                  epochs=6 if args.data and not args.quick else 4)
train, valid = material.train[:400 if args.quick else 2000], material.valid[:60 if args.quick else 400]
vocabulary = replace(Vocabulary.build(train, "tags", features=True), answers=material.vocabulary.answers)
configs = {"0 passes": {"passes": 0}, "1 pass": {"passes": 1}, "2 passes": {"passes": 2}, "1 pass, both ways": {"passes": 1, "reading": "both"}}
configs = {name: replace(material.config, **{"reading": "forward"} | given) for name, given in configs.items()}
print("Pass 1: the gates are the same for every word, so one run over n facts gives\nall h_t.  Pass 2: every word runs alone, 1 + 2 + .. + n = n(n + 1)/2 steps.\n")
lengths = (5, 10, 20, 40) if args.quick else (5, 10, 20, 40, 80, 160)
form, tag = train[0].facts[0][0], vocabulary.answers[0]
cost = {"1 pass": [], "2 passes": []}
for n in lengths:
    sentences = [Story([[form] * n], [Question(["tags"], [tag] * n, 1)])] * 4
    for name in cost:
        config = configs[name]
        net, batch = DMN(config, vocabulary, seed=args.seed), batch_of(sentences, vocabulary, config)
        seconds = []
        for _ in range(8):                                 # the first one warms up; of the others the fastest
            start = process_time()                         # of this process: others do not count
            net.loss_and_grads(batch)
            seconds.append(process_time() - start)
        cost[name].append(min(seconds[1:]))
unit = cost["1 pass"][0]
relative = {name: np.array(seconds) / unit for name, seconds in cost.items()}
print("  words   steps: pass 1    pass 2     time: 1 pass  2 passes")
for i, n in enumerate(lengths):
    print(f"  {n:5} {n:15} {sum(range(1, n + 1)):9} {relative['1 pass'][i]:16.1f} {relative['2 passes'][i]:9.1f}")
growth = [power(np.array(lengths), seconds) for seconds in relative.values()]
print(f"CPU time, forward and backward, in units of {lengths[0]} words in 1 pass.  It grows as the\n"
      f"length to the power {growth[0]:.1f} (1 pass) and {growth[1]:.1f} (2 passes).  Memory is bounded: of more\n"
      f"than {word_memories.PAIRS:,} steps in pass 2 none are kept for the way back; they are made again.")
saved(plot_cost(lengths, relative, args.out / "06_cost.png", f"{lengths[0]} words in 1 pass"))
if not args.quick:
    assert growth[1] > growth[0] + 0.4, "two passes should grow faster with the length than one"

# %% 3. What it gives
heading(3, "What it gives")
seen = Counter((w, k) for s in train for w, k in zip(s.facts[0], s.questions[0].answer))
often = {w: k for (w, k), _ in reversed(seen.most_common())}                               # the most frequent tag of each word comes last
usual = Counter(k for (_, k), times in seen.items() if times == 1).most_common(1)[0][0]     # for a new word: that of words seen once
tags_of = {"most frequent tag": [[often.get(w, usual) for w in s.facts[0]] for s in valid]}
right = [s.questions[0].answer for s in valid]
print(f"{len(train)} sentences ({args.data or 'our own grammar'}), {material.config.epochs} epochs;\nno gate is told where to look: E_CE of the tags alone.")
nets = {}
for name, config in configs.items():
    net = nets[name] = DMN(config, vocabulary, seed=args.seed)
    state, batch = loop.start(net, args.seed), batch_of(train, vocabulary, config)
    print(f"{name}:", flush=True)
    progress = Progress(config, state, int(np.sum(batch.answer >= 0)))
    loop.train(net, batch, batch_of(valid, vocabulary, config), state, progress.epoch, progress.step)
    progress.close()
    valid_batch = batch_of(valid, vocabulary, config)
    said = net.forward(valid_batch).answers
    tags_of[name] = [[vocabulary.answers[k] for k in row if k >= 0] for row in said]
unknown = unknown_words(valid_batch, valid, train)
print(f"\n{'':20}  all words  95 % interval   words never seen ({unknown.sum()})")
share = {}
for name, tags in tags_of.items():
    hits = [np.array([a == b for a, b in zip(*pair)]) for pair in zip(tags, right)]
    every, new = np.concatenate(hits), np.concatenate([hit[row[:len(hit)]] for hit, row in zip(hits, unknown)])
    share[name] = every.mean()
    low, high = (100 * x for x in interval(share[name], len(every)))
    print(f"  {name:18}  {100 * share[name]:7.1f} %  {low:.1f} to {high:.1f} {100 * new.mean() if len(new) else 0:13.1f} %")
print("0 passes: the memory of a word is its fact.  Both ways: a second GRU reads from\nthe end, and a fact is the sum of both states, so it knows what follows as well.")
if not args.quick:
    assert min(share[name] for name in nets) > share["most frequent tag"] + 0.03, "each network should beat the most frequent tag by 3 points"

# %% 4. The picture, and batched = one by one
heading(4, "Where each word looks")
two, baseline = tags_of["2 passes"], tags_of["most frequent tag"]
wrong = lambda tags, i: sum(a != b for a, b, new in zip(tags[i], right[i], unknown[i]) if not new)
chosen = min((i for i in range(len(valid)) if 4 <= len(right[i]) <= 8), key=lambda i: (wrong(two, i) - wrong(baseline, i), len(right[i]), i), default=0)
words = valid[chosen].facts[0]
exact = DMN(configs["2 passes"], vocabulary, "numpy", dtype="float64")
exact.theta[...] = nets["2 passes"].theta
together = batch_of(valid[chosen:] + valid[:chosen], vocabulary, exact.config)             # the chosen one first
out, n = exact.forward(together), len(words)
before = DMN(exact.config, vocabulary, "numpy", args.seed, "float64").forward(batch_of([valid[chosen]], vocabulary, exact.config)).gates
for w, usual_tag, tag, correct in zip(words, baseline[chosen], two[chosen], right[chosen]):
    print(f"  {w:20} most frequent: {usual_tag:6} 2 passes: {tag:6} {'right' if tag == correct else 'wrong: ' + correct}")
panels = {"pass 2 before training": before[1], "pass 1 trained": out.gates[0, :n, :n], "pass 2 trained": out.gates[1, :n, :n]}
saved(plot_word_gates(words, {"most frequent": baseline[chosen], "2 passes": two[chosen]}, panels, args.out / "06_tagging.png", right[chosen]))
for title, g in panels.items():
    print(f"  {title:22} gates from {g[np.tri(n, dtype=bool)].min():.2f} to {g[np.tri(n, dtype=bool)].max():.2f}")
one, forms = word_vectors.distinct(batch_of([valid[chosen]], vocabulary, exact.config), len(vocabulary.words))
c = input_module.forward(one, word_vectors.forward(forms, exact.params, None, op), exact.params, op)[0][0]     # (n, H)
apart = max(np.abs(alone(t, c, out.memories[0, t], exact.params, 2)[-1][2] - out.memories[2, t]).max() for t in range(n))
print(f"The trained network: each of these {n} words by itself, as in scene 1, and all\nwords of {len(valid)} sentences at once: the memories differ by {apart:.0e} at most.")
assert apart < 1e-9, "a word's memory must not depend on what else is in the batch"

# %% Your turn
gain = lambda name, over: f"{100 * (share[name] - share[over]):+.1f}"
print(f"""
What you saw: one memory for each word costs n steps in the first pass, and
n(n + 1)/2 in the second.  One pass gives {gain('1 pass', '0 passes')} points over none, the second
{gain('2 passes', '1 pass')} over the first (intervals above), reading both ways {gain('1 pass, both ways', '1 pass')}.  Where all gates
are open, eq. (7) is a plain GRU over the facts.  {perf_counter() - began:.0f} s in all.

Where the code is, in tinydmn/ (each derivative below its function):""")
from tinydmn.data.vocabulary import features_of            # noqa: E402  (only for the list below)
where("eqs (5)-(8), e^i = h^i_t", word_memories.forward)
where("  its derivative", word_memories.backward)
where("which facts a word sees", word_memories.word_rows)
where("bounded memory", word_memories.chunks)
where("what spelling tells", features_of)
print("""
Your turn:
- print the words that 1 pass has wrong and 1 pass, both ways, has right.  What
  follows them?
- features=False in Vocabulary.build: what becomes of words never seen?
- the whole treebank: tinydmn train pos --data DIR, or tinydmn table 3

Next: lesson 7, python lessons/07_decoding.py""")
