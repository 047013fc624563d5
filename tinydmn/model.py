"""The Dynamic Memory Network (the paper's figure 2): input -> question -> episodic memory -> answer, forward and backward.

Sizes: S stories, Q questions, F facts a story, T = F + 1 places to look at, R distinct words, D embedding, H hidden, A answers.
"""

from copy import copy
from dataclasses import astuple, dataclass, replace
from math import prod

import numpy as np

from . import answer_module, episodic_memory, input_module, ops as operations, question_module, threads, word_memories, word_vectors
from .answer import attention, ranked
from .data.batch import NONE, UNSEEN, check_batch, make_batch, take_stories
from .data.story import Question, Story
from .errors import UserError, check_rng
from .parameters import Parameters, flat, initial, shapes, views

LARGEST, SMALLEST = 80, 8      # questions a piece: at most, about; below twice SMALLEST a batch stays whole


@dataclass(frozen=True)
class Output:
    """What the network says of one batch.  On places that a question does not have, and in passes that it did not make, scores are -inf and
    gates 0; the memory after such a pass is the one before it.

    Answers that are a sequence or tags: logits (Q, steps, A), answers (Q, steps), -1 behind the end.  With tags every word has gates and
    memories of its own: gates (passes, N, F), memories (passes + 1, N, H), N = all words, one sentence after another; no scores.
    """

    logits: np.ndarray         # (Q, A)           before the softmax of eq. (9)
    answers: np.ndarray        # (Q,)             the likeliest class
    gate_scores: np.ndarray    # (passes, Q, T)   before the σ of eq. (6); place n_facts[q] is end-of-passes
    gates: np.ndarray          # (passes, Q, T)   after σ or softmax
    memories: np.ndarray       # (passes + 1, Q, H)
    answered_from: np.ndarray  # (Q,)             the memory that the answer was read from: `passes`, or earlier where it stopped
    passes_made: np.ndarray    # (Q,)             all of them, but where a question may stop by itself; its neighbours have no say in that


@dataclass(frozen=True)
class Losses:
    """Sums over a batch, and how many of its answers and gates were right."""

    answers: float
    gates: float
    answers_right: int
    gates_right: int
    n_questions: int           # answers that are judged: one a question, or one a word where answers are tags
    n_known: int               # of these, answers that have a class: the others are wrong, and have no loss
    n_gates: int               # passes that are supervised and were made, over all questions

    @property
    def mean(self):
        """E_gates a question + E_answers an answer that has a class."""
        return self.gates / self.n_questions + self.answers / max(1, self.n_known)

    def __add__(self, other):
        return Losses(*(a + b for a, b in zip(astuple(self), astuple(other))))


def gate_targets(support, n_facts, passes):
    """Where each pass should look: (passes, Q) int32.

    Pass i at the i-th supporting fact in the file's order, the pass after the last one at end-of-passes (place n_facts),
    later passes anywhere (-1).  Questions without supporting facts are not supervised.
    """
    Q, P = support.shape
    target = np.full((passes, Q), -1, np.int32)
    shown = min(passes, P)
    target[:shown] = support[:, :shown].T
    n_support = np.sum(support >= 0, axis=1)
    ends = (n_support > 0) & (n_support < passes)
    target[n_support[ends], np.flatnonzero(ends)] = n_facts[ends]
    return target


def answering_memory(config, batch, s, training):
    """(Q,): the memory that each answer is read from.  s (passes, Q, T): scores.

    The last one; with config.stop the one after the pass that chose end-of-passes: in training the pass that is to choose it.
    """
    passes, Q = s.shape[:2]
    last = np.full(Q, passes)
    if config.stop == "yes" and passes:
        ends = (gate_targets(batch.support, batch.n_facts, passes) if training else s.argmax(axis=2)) == batch.n_facts
        last = np.where(ends.any(axis=0), ends.argmax(axis=0) + 1, passes)
    return last


def forward(params, batch, x, config, ops, training=False):
    """Batch, x (R, D): vectors of its words -> Output, cache.  training: a decoder is fed as config.teacher_forcing says, and every pass is made."""
    H, passes, cell = config.hidden, config.passes, config.cell
    c, input_cache = input_module.forward(batch, x, params, ops, cell)
    q, question_cache = question_module.forward(batch, x, params, ops, cell) if "question.W" in params else (np.zeros((len(batch.story_of), H), c.dtype), None)
    if config.answer == "tags":
        return tags_forward(params, batch, c, q, config, ops, training, (x, input_cache, question_cache))
    if passes:
        m, s, g, memory_cache = episodic_memory.forward(c, q, batch.story_of, batch.n_facts, params, passes, config.episode, ops,
                                                        stop=config.stop == "yes" and not training)
    else:                                                  # the input module's output goes to the answer module
        m, memory_cache = c[batch.story_of, batch.n_facts - 1][None], None
        s = g = np.zeros((0, len(q), c.shape[1] + 1), c.dtype)
    last = answering_memory(config, batch, s, training)
    made = np.full(len(q), passes)
    if config.stop == "yes" and not training:
        made = last
        m, s, g = episodic_memory.cut(m, s, g, made)
    a_0 = m[last, np.arange(len(q))]
    if config.answer == "word":
        logits, answer_cache = answer_module.forward(a_0, params["answer.W_a"]), None
        answers = logits.argmax(axis=1)
    else:
        steps = batch.answer.shape[1]
        given, longest = (batch.answer if config.teacher_forcing == "yes" else None, steps) if training else (None, max(steps, config.longest))
        logits, answer_cache = answer_module.decode_forward(a_0, q, given, steps, longest, params, ops)
        answers = answer_module.said(logits, config.longest)
    return Output(logits, answers, s, g, m, last, made), (x, input_cache, question_cache, memory_cache, answer_cache, c.shape)


def backward(cache, loss_cache, out, batch, params, config, ops, grads, alpha, beta):
    """Adds into grads the derivatives of  alpha * E_gates + beta * E_answers  (both sums over what is judged).  -> dx (R, D)."""
    x, input_cache, question_cache, memory_cache, answer_cache, c_shape = cache
    p_answers, p_gates, wanted, target = loss_cache
    Q = len(batch.story_of)
    dlogits = np.zeros_like(out.logits)
    known = dlogits if dlogits.ndim == 2 else dlogits[:, :batch.answer.shape[1]]           # behind them no answer is known
    known[...] = ops.cross_entropy_backward(p_answers, wanted.ravel(), beta).reshape(known.shape)
    dx = np.zeros_like(x)
    if config.answer == "tags":
        of, place = memory_cache[:2]
        dm = answer_module.backward(dlogits[of, place], out.memories[-1], params["answer.W_a"], grads["answer.W_a"])
        dc, dq = word_memories.backward(dm, memory_cache, c_shape, params, config.passes, ops, grads)
    else:
        a_0 = out.memories[out.answered_from, np.arange(Q)]
        if config.answer == "word":
            da, dq = answer_module.backward(dlogits, a_0, params["answer.W_a"], grads["answer.W_a"]), 0
        else:
            da, dq = answer_module.decode_backward(dlogits, answer_cache, params, ops, grads)
        if config.passes:
            ds = ops.cross_entropy_backward(p_gates, target.ravel(), alpha).reshape(out.gate_scores.shape)
            dm = np.zeros_like(out.memories)
            dm[out.answered_from, np.arange(Q)] = da
            dc, dq_memory = episodic_memory.backward(dm, ds, memory_cache, params, config.episode, ops, grads)
            dq, dc = dq + dq_memory, dc.reshape(c_shape)
        else:
            dc = np.zeros(c_shape, da.dtype)
            np.add.at(dc, (batch.story_of, batch.n_facts - 1), da)
    if question_cache is not None:
        question_module.backward(dq, question_cache, batch, x, params, ops, dx, grads, config.cell)
    input_module.backward(dc, input_cache, batch, x, params, ops, dx, grads, config.cell)
    return dx


def tags_forward(params, batch, c, q, config, ops, training, caches):
    """The rest of `forward` where every word of a sentence has its answer.  c (Q, F, H), q (Q, H)."""
    if len(batch.story_of) != len(c):
        raise ValueError("tags: give each sentence one question")
    m, g, memory_cache = word_memories.forward(c, q, batch.n_facts, params, config.passes, ops, keep=training)
    of, place = memory_cache[:2]
    by_word = answer_module.forward(m[-1], params["answer.W_a"])
    logits = np.zeros((len(q), c.shape[1], by_word.shape[1]), by_word.dtype)
    answers = np.full(logits.shape[:2], -1)
    logits[of, place], answers[of, place] = by_word, by_word.argmax(axis=1)
    s, made = np.zeros((len(g), 0, 0), g.dtype), np.full(len(q), config.passes)
    return Output(logits, answers, s, g, m, made, made), (*caches, memory_cache, None, c.shape)


def right_answers(answers, batch, kind):
    """Which answers are right -> bool (Q,), or of tags (Q, T), False behind a sentence.  A sequence is right as a whole, with its end.

    An answer that training never saw is wrong whatever the network says; it has no class, so it does not count in the loss.
    """
    wanted = batch.answer
    if kind == "word":
        return answers == wanted
    T = wanted.shape[1]
    if kind == "tags":
        return (answers[:, :T] == wanted) & (wanted != NONE)
    return (answers[:, :T] == wanted).all(axis=1)          # its end is among them, and behind it nothing is said


def judged(batch, kind, wanted=None):
    """How many answers of a batch are judged (one a question, or one a word where answers are tags), and how many of these have a class.

    wanted: known_answers(batch, kind), where they are at hand.
    """
    wanted = known_answers(batch, kind) if wanted is None else wanted
    if kind == "sequence":                                 # one a question, however many words it has
        return int(np.any(batch.answer != NONE, axis=1).sum()), int(np.any(wanted >= 0, axis=1).sum())
    return int(np.count_nonzero(batch.answer != NONE)), int(np.count_nonzero(wanted >= 0))


def known_answers(batch, kind):
    """batch.answer with NONE where an answer has no class; a sequence with one such word has none as a whole."""
    if kind == "sequence":
        return np.where(np.any(batch.answer == UNSEEN, axis=1, keepdims=True), np.int32(NONE), batch.answer)
    unseen = batch.answer == UNSEEN
    return np.where(unseen, np.int32(NONE), batch.answer) if unseen.any() else batch.answer


def loss_forward(out, batch, config, ops):
    """E_CE of answers and of gates (section 2.5), summed over what is judged -> Losses, cache."""
    wanted = known_answers(batch, config.answer)
    steps = wanted.shape[1:]                               # none, or (steps,): an answer's length is known where it is judged
    logits = out.logits[:, :steps[0]] if steps else out.logits
    E_answers, p_answers = ops.cross_entropy_forward(np.ascontiguousarray(logits).reshape(-1, logits.shape[-1]), wanted.ravel())
    target = gate_targets(batch.support, batch.n_facts, config.passes if config.answer != "tags" else 0)
    E_gates, p_gates, gates_right, supervised = 0.0, None, 0, np.zeros(0, bool)
    if target.size:
        s = out.gate_scores
        if config.stop == "yes":
            not_made = np.arange(len(target))[:, None] >= out.passes_made                   # (passes, Q)
            target[not_made] = -1                          # the pass that ended too early is wrong, those it spared are not
            s = np.where(not_made[..., None], 0, s)
        E_gates, p_gates = ops.cross_entropy_forward(s.reshape(-1, s.shape[2]), target.ravel())
        supervised = target >= 0
        gates_right = int(np.sum(s.argmax(axis=2)[supervised] == target[supervised]))
    right = int(right_answers(out.answers, batch, config.answer).sum())
    return Losses(E_answers, E_gates, right, gates_right, *judged(batch, config.answer, wanted), int(supervised.sum())), (p_answers, p_gates, wanted, target)


def dropout_mask(shape, p, dtype, rng):
    """0 with probability p, else 1 / (1 - p), for every number of the words' vectors (R, D); None without rng or without p.

    One mask serves the whole batch: a word loses the same numbers wherever it stands, in facts and in questions, so that it stays the
    same word (Gal & Ghahramani, NIPS 2016, section 4.2, argue for that).  A batch of few stories sees many masks an epoch.
    """
    if rng is None or not p:
        return None
    keep = 1.0 - p
    return (rng.random(shape, np.float32) < keep) * dtype.type(1.0 / keep)


def pieces(batch):
    """A batch as pieces that threads may take, two or more where it is not tiny: [(Batch, its questions' places in the whole)].

    How it is cut depends on the batch alone, never on the number of threads, so that sums come out in the same bits.
    Stories are dealt out by length, the longest first, so that the pieces are equally long and inside a piece nothing waits.
    """
    S, Q = len(batch.n_tokens), len(batch.answer)
    n = min(S, max(-(-Q // LARGEST), 2 if Q >= 2 * SMALLEST else 1))
    if n <= 1:
        return [(batch, np.arange(Q))]
    order = np.argsort(-batch.n_tokens, kind="stable")
    parts = [take_stories(batch, order[i::n]) for i in range(n)]
    return [part for part in parts if len(part[1])]


def joined(outputs, parts, batch, tags):
    """Outputs of the pieces -> Output of the whole batch."""
    def whole(field, axis, fill, rows):
        """One field of all pieces: what belongs to question q, or to word q, goes to place q of `axis`; what is shorter is filled up."""
        arrays = [getattr(out, field) for out in outputs]
        shape = [max(a.shape[i] for a in arrays) for i in range(arrays[0].ndim)]
        shape[axis] = sum(a.shape[axis] for a in arrays)
        result = np.full(shape, fill, arrays[0].dtype)
        for a, r in zip(arrays, rows):
            place = [slice(0, n) for n in a.shape]
            place[axis] = r
            result[tuple(place)] = a
        return result
    questions = [questions for _, questions in parts]
    rows = questions
    if tags:                                               # words: those of question q follow those of question q - 1
        first = np.cumsum(batch.n_facts) - batch.n_facts
        rows = [np.concatenate([np.arange(first[q], first[q] + batch.n_facts[q]) for q in some]) for some in questions]
    scores = outputs[0].gate_scores if tags else whole("gate_scores", 1, -np.inf, questions)
    return Output(whole("logits", 0, 0, questions), whole("answers", 0, -1, questions), scores, whole("gates", 1, 0, rows),
                  whole("memories", 1, 0, rows), whole("answered_from", 0, 0, questions), whole("passes_made", 0, 0, questions))


class DMN:
    """A Dynamic Memory Network: its configuration, its words, and one flat dict of parameters.

    params: name -> array (float32 or float64), views of one vector `theta`: writing to one writes to the other, and assigning
    (`params[name] = a`, `params = all`, `theta = a`) copies the numbers, so the two cannot part.
    backend: "numba" (fast) or "numpy" (the definition).  On one machine the same seed gives the same bits, whatever the number of threads;
    another processor may add in another order.
    Raises ValueError where the vocabulary was built for another kind of answer than the configuration's, or for another dtype.
    """

    def __init__(self, config, vocabulary, backend="numba", seed=0, dtype="float32"):
        if vocabulary.kind not in (None, config.answer):
            raise ValueError(f"answer {config.answer!r}: build the vocabulary for it, Vocabulary.build(stories, answer={config.answer!r})")
        self.config, self.vocabulary, self.backend = config, replace(vocabulary, kind=config.answer), backend
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype {self.dtype}: give float32, or float64 to check derivatives")
        self.threads = threads.count()
        self._attach(flat(initial(config, vocabulary, np.random.default_rng(seed))).astype(self.dtype))

    def _attach(self, theta):
        """Makes theta (P,) this network's parameters."""
        self.ops = operations.load(self.backend)
        self._shapes = shapes(self.config, self.vocabulary)
        self._theta, self._params = theta, Parameters(views(theta, self._shapes))

    def __getstate__(self):                                # a copy, or a pickle, makes its views of theta anew
        return {k: v for k, v in vars(self).items() if k not in ("ops", "_params", "_shapes")}

    def __setstate__(self, state):
        vars(self).update(state)
        self._attach(self._theta)

    @property
    def params(self):
        return self._params

    @params.setter
    def params(self, values):                              # `params |= more` ends here too
        if values.keys() != self._params.keys():
            raise ValueError(f"the parameters of this network are {', '.join(self._params)}; give these, or assign to one of them")
        self._params.update(values)

    @property
    def theta(self):
        return self._theta

    @theta.setter
    def theta(self, values):
        if np.shape(values) != self._theta.shape:
            raise ValueError(f"theta has shape {self._theta.shape}; an array of shape {np.shape(values)} was given")
        self._theta[...] = values

    def with_weights(self, theta):
        """This network with other parameters, theta (P,) of its dtype, which it takes without copying them.  Raises ValueError for another array."""
        if not isinstance(theta, np.ndarray) or (theta.shape, theta.dtype) != (self._theta.shape, self.dtype) or not theta.flags.c_contiguous:
            raise ValueError(f"the weights of this network are a contiguous {self.dtype} array of shape {self._theta.shape}; give one")
        other = copy(self)
        other._attach(theta)
        return other

    def forward(self, batch):
        """Batch -> Output.  Raises TypeError or ValueError where it is none, or none for this vocabulary."""
        check_batch(batch, self.vocabulary)
        batch, forms = word_vectors.distinct(batch, len(self.vocabulary.words))
        with threads.interruptible():
            x = word_vectors.forward(forms, self.params, None, self.ops)
            parts = pieces(batch)
            out = threads.run(lambda part: forward(self.params, part[0], x, self.config, self.ops)[0], parts, self.threads)
            return out[0] if len(parts) == 1 else joined(out, parts, batch, self.config.answer == "tags")

    def ask(self, facts, question):
        """One question about one story -> [(answer, probability)], likeliest first, and gates (passes made, places + end-of-passes).

        facts: a list of sentences, question: one; each a text, read as a bAbI file's, or a list of words.  Raises UserError for what cannot be asked.
        """
        if self.config.answer == "tags":
            raise UserError("this network tags the words of a sentence and answers no question; use forward")
        batch = make_batch([Story(facts, [Question(question, [], len(facts))])], self.vocabulary, self.config.facts, self.config.answer)
        out = self.forward(batch)
        return ranked(self.vocabulary, out, 0), attention(out, 0, batch.n_facts[0])

    def loss_and_grads(self, batch, alpha=None, beta=1.0, rng=None):
        """-> J = alpha E_gates + beta E_answers + l2 half the squared length of the matrices, grads (keys of params).

        E are means: of gates over the questions, of answers over those that have a class (tags: over words).  alpha: the configuration's.
        rng: a Generator for dropout; None: no dropout.  Raises as `forward`, and ValueError where no question has an answer.
        """
        J, _, dtheta = self.gradient(batch, alpha, beta, rng)
        return J, views(dtheta, self._shapes)

    def gradient(self, batch, alpha=None, beta=1.0, rng=None):
        """As loss_and_grads -> J, Losses (sums), dtheta (P,): the gradient as one vector in the order of params."""
        check_batch(batch, self.vocabulary)
        if rng is not None:
            check_rng(rng)
        config, ops, params, theta = self.config, self.ops, self.params, self.theta
        alpha = config.alpha if alpha is None else alpha
        n, n_known = judged(batch, config.answer)
        if not n:
            raise ValueError("no question of this batch has an answer to learn from")
        alpha_each, beta_each = alpha / n, beta / max(1, n_known)
        modules = {k: s for k, s in self._shapes.items() if not k.startswith("embedding.")}    # all but what word_vectors holds, the first in params
        size = sum(map(prod, modules.values()))
        batch, forms = word_vectors.distinct(batch, len(self.vocabulary.words))
        mask = dropout_mask((len(params["embedding.L"]) if forms is None else len(forms), config.embedding), config.dropout, self.dtype, rng)

        def work(part):
            piece = part[0]
            d = np.zeros(size, self.dtype)
            with np.errstate(invalid="ignore", over="ignore"):         # what is not finite shows in J or dtheta, and training names it
                out, cache = forward(params, piece, x, config, ops, training=True)
                losses, loss_cache = loss_forward(out, piece, config, ops)
                dx = backward(cache, loss_cache, out, piece, params, config, ops, views(d, modules), alpha_each, beta_each)
            return losses, d, dx

        with threads.interruptible():
            x = word_vectors.forward(forms, params, mask, ops)
            (losses, d, dx), *more = threads.run(work, pieces(batch), self.threads)
            for losses_i, d_i, dx_i in more:               # in the order of the pieces, whichever thread was first
                losses = losses + losses_i
                d += d_i
                dx += dx_i
            dtheta = np.zeros_like(theta)
            dtheta[-size:] = d
            word_vectors.backward(dx, forms, mask, ops, views(dtheta, self._shapes))
            J = alpha_each * losses.gates + beta_each * losses.answers
            if config.l2:
                decayed = self.decayed()
                J += config.l2 * ops.l2_forward(theta, decayed)
                ops.l2_backward(theta, decayed, config.l2, dtheta)
        return J, losses, dtheta

    def decayed(self):
        """(P,): 1 for the numbers that L2 pulls towards 0, those of matrices; 0 for biases and vectors."""
        return np.concatenate([np.full(v.size, v.ndim == 2, self.dtype) for v in self.params.values()])
