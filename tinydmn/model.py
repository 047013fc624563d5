"""The Dynamic Memory Network (the paper's figure 2): input -> question -> episodic memory -> answer, forward and backward.

Sizes: S stories, Q questions, F facts a story, T = F + 1 places to look at, H hidden, A answers.
"""

from dataclasses import astuple, dataclass

import numpy as np

from . import answer_module, episodic_memory, input_module, ops as operations, question_module, threads
from .data.batch import take_stories
from .parameters import flat_views, initial, views

LARGEST, SMALLEST = 80, 8      # questions a piece: at most, about; below twice SMALLEST a batch stays whole


@dataclass(frozen=True)
class Output:
    """What the network says of one batch.  On places that a question does not have, scores are -inf and gates 0."""

    logits: np.ndarray         # (Q, A)           before the softmax of eq. (9)
    answers: np.ndarray        # (Q,)             the likeliest class
    gate_scores: np.ndarray    # (passes, Q, T)   before the σ of eq. (6); place n_facts[q] is end-of-passes
    gates: np.ndarray          # (passes, Q, T)   after σ or softmax
    memories: np.ndarray       # (passes + 1, Q, H)


@dataclass(frozen=True)
class Losses:
    """Sums over the questions of a batch, and how many of its answers and gates were right."""

    answers: float
    gates: float
    answers_right: int
    gates_right: int
    n_questions: int
    n_gates: int               # passes that are supervised, over all questions

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


def forward(params, batch, config, ops, mask=None):
    """Batch -> Output, cache.  mask (V, D): dropout on the word vectors, or None."""
    L = params["embedding.L"] if mask is None else ops.dropout_forward(params["embedding.L"], mask)
    c, input_cache = input_module.forward(batch, L, params, ops)
    q, question_cache = question_module.forward(batch, L, params, ops)
    m, s, g, memory_cache = episodic_memory.forward(c, q, batch.story_of, batch.n_facts, params, config.passes, config.episode, ops)
    logits = answer_module.forward(m[-1], params["answer.W_a"])
    return Output(logits, logits.argmax(axis=1), s, g, m), (L, input_cache, question_cache, memory_cache, c.shape)


def loss_forward(out, batch, ops):
    """E_CE of answers and of gates (section 2.5), summed over the questions -> Losses, cache."""
    target = gate_targets(batch.support, batch.n_facts, len(out.gates))
    E_answers, p_answers = ops.cross_entropy_forward(out.logits, batch.answer)
    E_gates, p_gates = ops.cross_entropy_forward(out.gate_scores.reshape(-1, out.gate_scores.shape[2]), target.ravel())
    supervised = target >= 0
    losses = Losses(E_answers, E_gates, int(np.sum(out.answers == batch.answer)),
                    int(np.sum(out.gate_scores.argmax(axis=2)[supervised] == target[supervised])), len(batch.answer), int(supervised.sum()))
    return losses, (p_answers, p_gates, target)


def backward(cache, loss_cache, out, batch, params, config, ops, grads, alpha, beta, mask=None):
    """Adds into grads the derivatives of  alpha * E_gates + beta * E_answers  (both sums over the questions)."""
    L, input_cache, question_cache, memory_cache, c_shape = cache
    p_answers, p_gates, target = loss_cache
    dL = np.zeros_like(L)
    dlogits = ops.cross_entropy_backward(p_answers, batch.answer, beta)
    ds = ops.cross_entropy_backward(p_gates, target.ravel(), alpha).reshape(out.gate_scores.shape)
    dm = answer_module.backward(dlogits, out.memories[-1], params["answer.W_a"], grads["answer.W_a"])
    dc, dq = episodic_memory.backward(dm, ds, memory_cache, params, config.episode, ops, grads)
    question_module.backward(dq, question_cache, batch, L, params, ops, dL, grads)
    input_module.backward(dc.reshape(c_shape), input_cache, batch, L, params, ops, dL, grads)
    grads["embedding.L"] += dL if mask is None else ops.dropout_backward(dL, mask)


def dropout_mask(shape, p, dtype, rng):
    """0 with probability p, else 1 / (1 - p), for every number of L (V, D); None without rng or without p.

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


def joined(outputs, parts, batch):
    """Outputs of the pieces -> Output of the whole batch."""
    Q, T = len(batch.answer), int(batch.n_facts.max()) + 1
    first = outputs[0]
    logits, answers = np.empty((Q, first.logits.shape[1]), first.logits.dtype), np.empty(Q, first.answers.dtype)
    scores = np.full((len(first.gates), Q, T), -np.inf, first.gates.dtype)
    gates, memories = np.zeros_like(scores), np.empty((len(first.memories), Q, first.memories.shape[2]), first.memories.dtype)
    for out, (_, questions) in zip(outputs, parts):
        logits[questions], answers[questions], memories[:, questions] = out.logits, out.answers, out.memories
        scores[:, questions, :out.gates.shape[2]], gates[:, questions, :out.gates.shape[2]] = out.gate_scores, out.gates
    return Output(logits, answers, scores, gates, memories)


class DMN:
    """A Dynamic Memory Network: its configuration, its words, and one flat dict of parameters.

    params: name -> array (float32 or float64), views of one vector `theta`; write into an array (`a[...] = b`), and both agree.
    backend: "numba" (fast) or "numpy" (the definition).  The same seed gives the same bits, whatever the number of threads.
    """

    def __init__(self, config, vocabulary, backend="numba", seed=0, dtype="float32"):
        self.config, self.vocabulary, self.backend = config, vocabulary, backend
        self.ops = operations.load(backend)
        self.dtype = np.dtype(dtype)
        values = initial(config, vocabulary, np.random.default_rng(seed))
        self.theta, self.params = flat_views({k: v.astype(self.dtype) for k, v in values.items()})
        self.threads = threads.count()

    def forward(self, batch):
        """Batch -> Output."""
        parts = pieces(batch)
        out = threads.run(lambda part: forward(self.params, part[0], self.config, self.ops)[0], parts, self.threads)
        return out[0] if len(parts) == 1 else joined(out, parts, batch)

    def loss_and_grads(self, batch, alpha=None, beta=1.0, rng=None):
        """-> J = alpha E_gates + beta E_answers + l2 half the squared length of the matrices, grads (keys of params).

        E are means over the questions.  alpha: the configuration's.  rng: a Generator for dropout; None: no dropout.
        """
        J, _, dtheta = self.gradient(batch, alpha, beta, rng)
        return J, views(dtheta, {k: v.shape for k, v in self.params.items()})

    def gradient(self, batch, alpha=None, beta=1.0, rng=None):
        """As loss_and_grads -> J, Losses (sums), dtheta (P,): the gradient as one vector in the order of params."""
        alpha = self.config.alpha if alpha is None else alpha
        Q, shapes = len(batch.answer), {k: v.shape for k, v in self.params.items()}
        mask = dropout_mask(shapes["embedding.L"], self.config.dropout, self.dtype, rng)

        def work(part):
            piece = part[0]
            dtheta = np.zeros(sum(v.size for v in self.params.values()), self.dtype)
            with np.errstate(invalid="ignore", over="ignore"):         # what is not finite shows in J or dtheta, and training names it
                out, cache = forward(self.params, piece, self.config, self.ops, mask)
                losses, loss_cache = loss_forward(out, piece, self.ops)
                backward(cache, loss_cache, out, piece, self.params, self.config, self.ops, views(dtheta, shapes), alpha / Q, beta / Q, mask)
            return losses, dtheta

        results = threads.run(work, pieces(batch), self.threads)
        losses, dtheta = results[0]
        for more, part in results[1:]:                     # in the order of the pieces, whichever thread was first
            losses = losses + more
            dtheta += part
        J = (alpha * losses.gates + beta * losses.answers) / Q
        if self.config.l2:
            decayed = self.decayed()
            theta = np.concatenate([np.ravel(v) for v in self.params.values()])
            J += self.config.l2 * self.ops.l2_forward(theta, decayed)
            self.ops.l2_backward(theta, decayed, self.config.l2, dtheta)
        return J, losses, dtheta

    def decayed(self):
        """(P,): 1 for the numbers that L2 pulls towards 0, those of matrices; 0 for biases and vectors."""
        return np.concatenate([np.full(v.size, v.ndim == 2, self.dtype) for v in self.params.values()])
