"""The Dynamic Memory Network for one question, straight from the paper's equations, in plain NumPy (float64): an oracle for tests.

One word, one fact, one pass after another: no batch, no padding, nothing shared between questions.  Of tinydmn it takes stories, vocabulary,
configuration and parameters p (name -> array), and not a line of the network.
"""

from dataclasses import astuple, dataclass

import numpy as np

from tinydmn.data.vocabulary import features_of

UNKNOWN, END_OF_SENTENCE, FIRST_WORD = 1, 2, 3             # ids; the markers stand before the words
END_OF_ANSWER = 0                                          # class


@dataclass
class Said:
    """What the network says of one question; of a sentence whose words are tagged, one Said a word."""

    logits: list               # (A,) each: one, one a step of the decoder, or one a word
    answer: list               # classes: one, the words decoded up to their <eos>, or the tags
    memories: list             # (H,) each: m^0, and one after each pass that was made
    scores: list               # (places,) each pass that was made
    gates: list                # after σ or softmax, likewise
    target: list               # the places that passes 1, 2, .. are to choose


@dataclass
class Sums:
    """Of one question, or of several: what tinydmn's Losses hold."""

    answers: float
    gates: float
    answers_right: int
    gates_right: int
    n_questions: int
    n_known: int
    n_gates: int

    def __add__(self, other):
        return Sums(*(a + b for a, b in zip(astuple(self), astuple(other))))


# the networks that read

def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(s):
    return np.exp(s - s.max()) / np.exp(s - s.max()).sum()


def gru(x, h, p, name):
    """x (I,), h (H,) -> h (H,)."""
    H = len(h)
    W, U, b = (p[f"{name}.{part}"] for part in "WUb")
    Wx, Uh = W @ x, U @ h
    z = sigmoid(Wx[:H] + Uh[:H] + b[:H])                                                  # (1)
    r = sigmoid(Wx[H:2 * H] + Uh[H:2 * H] + b[H:2 * H])                                   # (2)
    h_tilde = np.tanh(Wx[2 * H:] + r * Uh[2 * H:] + b[2 * H:])                            # (3)
    return z * h + (1 - z) * h_tilde                                                      # (4)


def lstm(x, h, s, p, name):
    """x (I,), h and the cell s (H,) -> h, s."""
    i, f, o, c = np.reshape(p[name + ".W"] @ x + p[name + ".U"] @ h + p[name + ".b"], (4, -1))
    s = sigmoid(f) * s + sigmoid(i) * np.tanh(c)
    return sigmoid(o) * np.tanh(s), s


def read(xs, p, name, config):
    """Word vectors -> the state after each."""
    h, s, states = np.zeros(config.hidden), np.zeros(config.hidden), []
    for x in xs:
        if config.cell == "gru":
            h = gru(x, h, p, name)
        elif config.cell == "lstm":
            h, s = lstm(x, h, s, p, name)
        else:
            h = np.tanh(p[name + ".W"] @ x + p[name + ".U"] @ h + p[name + ".b"])
        states.append(h)
    return states


def vector(word, p, vocabulary):
    """L[w], and where spelling counts the vectors of its features added; word None: the marker <eos>."""
    if word is None:
        return p["embedding.L"][END_OF_SENTENCE]
    plain, own = word.lower() if vocabulary.features else word, vocabulary.words[FIRST_WORD:]
    x = p["embedding.L"][FIRST_WORD + own.index(plain) if plain in own else UNKNOWN]
    for f, feature in enumerate(vocabulary.features):
        if feature in features_of(word):
            x = x + p["embedding.F"][f]
    return x


def facts_of(story, n_facts, p, vocabulary, config):
    """Section 2.1 -> the facts c_1 .. c_TC of the first n_facts sentences, and which of them is each sentence's last."""
    text, ends = [], []
    for sentence in story.facts[:n_facts]:
        text += [*sentence] if config.facts == "words" else [*sentence, None]
        ends.append(len(text) - 1)
    xs = [vector(word, p, vocabulary) for word in text]
    c = read(xs, p, "input", config)
    if config.bidirectional == "yes":
        back = read(xs[::-1], p, "input_back", config)[::-1]
        c = [c[t] + back[t] for t in range(len(c))]
    return ([c[end] for end in ends], list(range(len(ends)))) if config.facts == "sentences" else (c, ends)


def question_of(question, p, vocabulary, config):
    """Section 2.2 -> q; 0 where nothing is asked, or where there is no question module."""
    words = question.tokens if "question.W" in p else []
    return read([vector(word, p, vocabulary) for word in words], p, "question", config)[-1] if words else np.zeros(config.hidden)


# the passes

def gate(c, m, q, p):
    """The score of a fact: eq. (6) before its σ."""
    bilinear = lambda x: [c @ p["gate.W_b"] @ x]
    z = np.concatenate([c, m, q, c * q, c * m, abs(c - q), abs(c - m), bilinear(q), bilinear(m)])                                  # (5)
    return p["gate.W_2"] @ np.tanh(p["gate.W_1"] @ z + p["gate.b_1"]) + p["gate.b_2"]                                              # (6)


def a_pass(c, m, q, p, config):
    """The places c, each (H,), the memory, the question -> the next memory, scores and gates of all places."""
    s = np.array([gate(c_t, m, q, p) for c_t in c])
    g = softmax(s) if config.episode == "softmax" else sigmoid(s)
    e = np.zeros(len(q))
    for g_t, c_t in zip(g, c):
        e = e + g_t * c_t if config.episode == "softmax" else g_t * gru(c_t, e, p, "episode") + (1 - g_t) * e                      # (7), (8)
    return gru(e, m, p, "memory"), s, g


def passes_over(c, q, p, config, ends_at=lambda i, s: False):
    """-> memories, scores, gates.  ends_at(i, s): whether pass i (from 0), with these scores, was the last one."""
    memories, scores, gates = [q], [], []
    for i in range(config.passes):
        m, s, g = a_pass(c, memories[-1], q, p, config)
        memories.append(m)
        scores.append(s)
        gates.append(g)
        if ends_at(i, s):
            break
    return memories, scores, gates


# one question

def decode(m, q, p, given, least, longest):
    """Eqs (9) and (10) from a_0 = m -> logits, (A,) a step: until <eos> was said, but `least` steps at least and `longest` at most.

    given: the words that are fed, all of them; None: the likeliest are.
    """
    A = len(p["answer.W_a"])
    a, y, logits, ended = m, np.zeros(A), [], False
    for t in range(longest):
        if ended and t >= least:
            break
        a = gru(np.concatenate([y, q]), a, p, "answer")                                   # (10)
        logits.append(p["answer.W_a"] @ a)                                                # (9)
        likeliest = int(logits[t].argmax())
        ended = ended or given is None and likeliest == END_OF_ANSWER
        y = np.zeros(A)
        y[likeliest if given is None else given[t]] = 1
    return logits


def classes_of(question, vocabulary, config):
    """The classes of an answer, None for one that the vocabulary does not have; [] where no answer is known."""
    names = [",".join(question.answer)] if config.answer == "word" else list(question.answer)
    if not question.answer:
        return []
    if config.answer == "sequence":                        # class 0 is the marker <eos>, whatever the words are
        return [vocabulary.answers.index(name, 1) if name in vocabulary.answers[1:] else None for name in names] + [END_OF_ANSWER]
    return [vocabulary.answers.index(name) if name in vocabulary.answers else None for name in names]


def ask(story, question, p, vocabulary, config, training=False):
    """-> Said; where words are tagged, a list of them, one a word.  training: as the network runs when it is trained."""
    c, ends = facts_of(story, question.n_facts, p, vocabulary, config)
    q = question_of(question, p, vocabulary, config)
    if config.answer == "tags":
        return [tagged(c[:t + 1], q, p, config) for t in range(len(c))]
    end = len(c)                                           # the place of end-of-passes
    target = ([ends[i] for i in question.support] + [end] if question.support else [])[:config.passes]
    if config.passes == 0:
        memories, scores, gates = [c[-1]], [], []
    else:
        stops = config.stop == "yes" and not training
        memories, scores, gates = passes_over([*c, p["memory.end_of_passes"]], q, p, config, lambda i, s: stops and s.argmax() == end)
    m = memories[-1]
    if config.stop == "yes" and training and end in target:
        m = memories[target.index(end) + 1]                # read where the gate is to say that it has seen enough
    if config.answer == "word":
        logits = [p["answer.W_a"] @ m]
        return Said(logits, [int(logits[0].argmax())], memories, scores, gates, target)
    wanted = classes_of(question, vocabulary, config)
    steps = len(wanted)
    if training:
        fed = [k or 0 for k in wanted]                     # a sequence with a word that has no class is not judged: anything may be fed
        logits = decode(m, q, p, fed if config.teacher_forcing == "yes" else None, steps, steps)
    else:
        logits = decode(m, q, p, None, steps, max(steps, config.longest))
    words = [int(row.argmax()) for row in logits][:config.longest]
    if END_OF_ANSWER in words:
        words = words[:words.index(END_OF_ANSWER) + 1]
    return Said(logits, words, memories, scores, gates, target)


def tagged(c, q, p, config):
    """Section 2.4: the last word of `c` with passes of its own over the facts up to it."""
    memories, scores, gates = passes_over(c, q, p, config) if config.passes else ([c[-1]], [], [])
    logits = [p["answer.W_a"] @ memories[-1]]
    return Said(logits, [int(logits[0].argmax())], memories, scores, gates, [])


# what is scored

def cross_entropy(s, k):
    """Scores, class -> -log softmax(s)_k."""
    return float(np.log(np.exp(s - s.max()).sum()) + s.max() - s[k])


def judge(said, wanted, config):
    """A Said (tags: a list) beside the classes that are right -> Sums.

    What training never saw (None) is wrong and has no loss; nor has a sequence with one such word.  A sequence is right as a whole.
    """
    if config.answer == "tags":
        rows = [(one.logits[0], one.answer[0], k) for one, k in zip(said, wanted)]
        known = [(s, k) for s, _, k in rows if k is not None]
        return Sums(sum(cross_entropy(s, k) for s, k in known), 0.0, sum(answer == k for _, answer, k in rows), 0, len(rows), len(known), 0)
    scored = list(zip(said.scores, said.target))           # a pass that was not made is not judged, nor one without a target
    gates, right = sum(cross_entropy(s, t) for s, t in scored), sum(int(s.argmax()) == t for s, t in scored)
    if not wanted:
        return Sums(0.0, gates, 0, right, 0, 0, len(scored))
    known = None not in wanted
    loss = sum(cross_entropy(s, k) for s, k in zip(said.logits, wanted, strict=False)) if known else 0.0
    return Sums(loss, gates, int(said.answer == wanted), right, 1, int(known), len(scored))


def J(total, p, config, alpha, beta):
    """Section 2.5: α E_gates + β E_answers + half the squared length of all matrices times l2."""
    matrices = sum(float((a**2).sum()) for a in p.values() if a.ndim == 2)
    return alpha * total.gates / total.n_questions + beta * total.answers / max(1, total.n_known) + 0.5 * config.l2 * matrices


def together(members, config):
    """What several weights say of one question, each a Said -> the mean of their probabilities as a Said (tags: lists of Said, word by word).

    A pass is the mean over those that made it; scores and logits are the logs of the means.
    """
    if config.answer == "tags":
        return [one_word(words) for words in zip(*members)]
    return one_word(members)


def one_word(members):
    p = np.mean([softmax(said.logits[0]) for said in members], axis=0)
    made = [[(s, g) for said in members for s, g in list(zip(said.scores, said.gates))[i:i + 1]] for i in range(max(len(said.scores) for said in members))]
    scores, gates = [np.log(np.mean([softmax(s) for s, _ in one], axis=0)) for one in made], [np.mean([g for _, g in one], axis=0) for one in made]
    return Said([np.log(p)], [int(p.argmax())], [], scores, gates, members[0].target)
