"""The Dynamic Memory Network with all its switches, straight from the paper's equations, in PyTorch (float64, autograd): an oracle for tests.

As plain as it can be: one question after another, one word and one fact after another, no padding, nothing shared.  Of tinydmn it uses
what its data package says of stories and words, and takes its configuration and its parameters, here p: name -> tensor.
"""

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from tinydmn.data.vocabulary import END_OF_ANSWER, END_OF_SENTENCE_ID

LONGEST = 50                   # words after which a decoder that finds no end is stopped


# the networks that read

def gru(x, h, p, name):
    """x (I,), h (H,) -> h (H,)."""
    (W_z, W_r, W), (U_z, U_r, U), (b_z, b_r, b_h) = (p[f"{name}.{part}"].chunk(3) for part in "WUb")
    z = torch.sigmoid(W_z @ x + U_z @ h + b_z)                                            # (1)
    r = torch.sigmoid(W_r @ x + U_r @ h + b_r)                                            # (2)
    h_tilde = torch.tanh(W @ x + r * (U @ h) + b_h)                                       # (3)
    return z * h + (1 - z) * h_tilde                                                      # (4)


def read(xs, p, name, config):
    """Word vectors -> a state after each.  The LSTM's cell is PyTorch's, whose gates stand in the order i, f, c~, o (tinydmn: i, f, o, c~)."""
    h = s = torch.zeros(config.hidden, dtype=torch.float64)
    states = []
    for x in xs:
        if config.cell == "gru":
            h = gru(x, h, p, name)
        elif config.cell == "lstm":
            W, U, b = (torch.cat([p[f"{name}.{part}"].chunk(4)[k] for k in (0, 1, 3, 2)]) for part in "WUb")
            h, s = (out[0] for out in torch.lstm_cell(x[None], (h[None], s[None]), W, U, b))
        else:
            h = torch.tanh(p[name + ".W"] @ x + p[name + ".U"] @ h + p[name + ".b"])
        states.append(h)
    return states


def word_vector(word, p, vocabulary):
    """L[w], and where spelling counts the vectors of its features added to it; word None: the marker <eos>, which has none."""
    if word is None:
        return p["embedding.L"][END_OF_SENTENCE_ID]
    x = p["embedding.L"][vocabulary.encode_text([word])[0]]
    for f in vocabulary.encode_features(word):
        x = x + p["embedding.F"][f]
    return x


def facts_of(story, n_facts, p, vocabulary, config):
    """Section 2.1 -> the facts c_1 .. c_TC that the first n_facts sentences give, and at which of them each sentence ends."""
    text, ends = [], []
    for sentence in story.facts[:n_facts]:
        text += sentence if config.facts == "words" else [*sentence, None]
        ends.append(len(text) - 1)
    xs = [word_vector(word, p, vocabulary) for word in text]
    c = read(xs, p, "input", config)
    if config.bidirectional == "yes":
        c = [ahead + back for ahead, back in zip(c, reversed(read(xs[::-1], p, "input_back", config)))]
    return ([c[end] for end in ends], range(len(ends))) if config.facts == "sentences" else (c, ends)


def question_of(question, p, vocabulary, config):
    """Section 2.2 -> q; 0 where nothing is asked."""
    states = read([word_vector(word, p, vocabulary) for word in question.tokens], p, "question", config)
    return states[-1] if states else torch.zeros(config.hidden, dtype=torch.float64)


# the passes

def score(c, m, q, p):
    """The gate of eq. 6 before its σ."""
    z = torch.cat([c, m, q, c * q, c * m, (c - q).abs(), (c - m).abs(), (c @ p["gate.W_b"] @ q)[None], (c @ p["gate.W_b"] @ m)[None]])   # (5)
    return p["gate.W_2"] @ torch.tanh(p["gate.W_1"] @ z + p["gate.b_1"]) + p["gate.b_2"]                                                   # (6)


def look(c, q, p, config):
    """config.passes passes over the places c -> the memories m^0 .. m^TM, and the scores of each pass."""
    m = q
    memories, scores = [q], []
    for _ in range(config.passes):
        s = torch.stack([score(c_t, m, q, p) for c_t in c])
        if config.episode == "softmax":
            e = sum(g_t * c_t for g_t, c_t in zip(torch.softmax(s, 0), c))                # section 4.1
        else:
            e = torch.zeros_like(q)
            for g_t, c_t in zip(torch.sigmoid(s), c):
                e = g_t * gru(c_t, e, p, "episode") + (1 - g_t) * e                       # (7), (8)
        m = gru(e, m, p, "memory")
        memories.append(m)
        scores.append(s)
    return memories, scores


def targets(support, end, passes):
    """The places that passes 1, 2, .. are to choose: the supporting facts in their order, then end-of-passes; nothing without support."""
    return [*support, end][:passes] if support else []


def memory_of(story, question, p, vocabulary, config, training):
    """-> q, the memory that the answer is read from, the scores of each pass, and what the passes are to choose."""
    q = question_of(question, p, vocabulary, config) if "question.W" in p else torch.zeros(config.hidden, dtype=torch.float64)
    c, ends = facts_of(story, question.n_facts, p, vocabulary, config)
    if config.passes == 0:
        return q, c[-1], [], []
    memories, scores = look([*c, p["memory.end_of_passes"]], q, p, config)
    target = targets([ends[i] for i in question.support], len(c), config.passes)
    chosen = target if training else [int(s.argmax()) for s in scores]
    enough = chosen.index(len(c)) + 1 if config.stop == "yes" and len(c) in chosen else config.passes
    return q, memories[enough], scores, target


# the answers

def decode(m, q, p, given=None, steps=LONGEST, until_end=True):
    """Eqs 9 and 10 from a_0 = m -> logits, one (A,) a step, of at most `steps`.  given: the words to feed; None: the likeliest is fed.
    until_end: fewer steps where <eos> comes."""
    a, y, logits = m, torch.zeros(len(p["answer.W_a"]), dtype=torch.float64), []
    for t in range(steps):
        a = gru(torch.cat([y, q]), a, p, "answer")                                        # (10)
        logits.append(p["answer.W_a"] @ a)                                                # (9)
        fed = int(logits[-1].argmax()) if given is None else given[t]
        if until_end and fed == END_OF_ANSWER:
            break
        y = torch.eye(len(y), dtype=torch.float64)[fed]
    return logits


def look_word_by_word(story, question, p, vocabulary, config):
    """Section 2.4: word t makes passes of its own over the facts up to t -> a list for each word: its memories, and its scores a pass."""
    c, _ = facts_of(story, question.n_facts, p, vocabulary, config)
    if config.passes == 0:
        return [([c_t], []) for c_t in c]
    q = question_of(question, p, vocabulary, config)
    return [look(c[:t + 1], q, p, config) for t in range(len(c))]


def tag_logits(*sentence):
    """As look_word_by_word -> logits, one (A,) a word."""
    p = sentence[2]
    return [p["answer.W_a"] @ memories[-1] for memories, _ in look_word_by_word(*sentence)]


def question_loss(story, question, p, vocabulary, config):
    """-> cross-entropy of the gates, of the answer, how many answers that is (section 2.5), and how many of them have a class: the others have
    no cross-entropy, nor has a sequence with one word that has none."""
    known = vocabulary.answer_id.get
    if config.answer == "tags":
        logits, scores, target = tag_logits(story, question, p, vocabulary, config), [], []
        wanted = [known(tag) for tag in question.answer]
    else:
        q, m, scores, target = memory_of(story, question, p, vocabulary, config, training=True)
        if config.answer == "word":
            logits, wanted = [p["answer.W_a"] @ m], [known(",".join(question.answer))]
        else:
            wanted = [*(known(word) for word in question.answer), END_OF_ANSWER]
            logits = decode(m, q, p, wanted if config.teacher_forcing == "yes" else None, len(wanted), until_end=False)
    if config.answer == "sequence" and None in wanted:
        wanted = [None] * len(wanted)
    known_ = sum(k is not None for k in wanted)
    judged, with_class = (len(wanted), known_) if config.answer == "tags" else (1, min(1, known_))
    return cross_entropies(scores, target), cross_entropies(logits, wanted), judged, with_class


def cross_entropies(rows, classes):
    """Their sum; nothing for a class None."""
    return sum((cross_entropy(row, torch.tensor(k)) for row, k in zip(rows, classes) if k is not None), torch.zeros((), dtype=torch.float64))


# what the tests ask for

def asked(stories):
    return [(story, question) for story in stories for question in story.questions]


def loss_and_grads(params, stories, vocabulary, config, alpha=1.0, beta=1.0):
    """J = α E_gates + β E_answers, means over what is judged and over what has a class, + l2 / 2 of all squared matrices -> J, name -> dJ/dname."""
    p = {name: torch.tensor(a, dtype=torch.float64, requires_grad=True) for name, a in params.items()}
    E_gates, E_answers, judged, known = (sum(column) for column in zip(*(question_loss(*pair, p, vocabulary, config) for pair in asked(stories))))
    J = alpha * E_gates / judged + beta * E_answers / max(1, known) + config.l2 / 2 * sum((a**2).sum() for a in p.values() if a.ndim == 2)
    grads = torch.autograd.grad(J, p.values(), allow_unused=True, materialize_grads=True)
    return J.item(), {name: d.numpy() for name, d in zip(p, grads)}


def answers(params, stories, vocabulary, config):
    """For each question logits (steps, A) as an array: one step; one a word; or what the greedy decoder says, with its <eos>."""
    p, out = {name: torch.tensor(a, dtype=torch.float64) for name, a in params.items()}, []
    for story, question in asked(stories):
        if config.answer == "tags":
            logits = tag_logits(story, question, p, vocabulary, config)
        else:
            q, m, _, _ = memory_of(story, question, p, vocabulary, config, training=False)
            logits = [p["answer.W_a"] @ m] if config.answer == "word" else decode(m, q, p)
        out.append(np.stack(logits))
    return out


def words_seen(params, stories, vocabulary, config):
    """Answers that are tags: for each word of each sentence, in their order, its memories (passes + 1, H) and its gates (passes, facts up to it)."""
    p = {name: torch.tensor(a, dtype=torch.float64) for name, a in params.items()}
    looks = [look for pair in asked(stories) for look in look_word_by_word(*pair, p, vocabulary, config)]
    return [(np.stack(memories), [torch.sigmoid(s).numpy() for s in scores]) for memories, scores in looks]
