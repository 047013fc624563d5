"""The Dynamic Memory Network (the paper's figure 2), forward and backward.

Sizes: S stories, Q questions, F facts a story, R distinct words, D embedding, H hidden, P numbers
in all parameters together.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from . import input_module, question_module, threads, word_vectors
from .answer import Answer, ask
from .config import Config
from .data.batch import Batch, check_batch
from .data.story import Question, Story
from .data.vocabulary import Vocabulary
from .errors import check_rng
from .losses import add_unread, loss_backward, loss_forward, read
from .ops import Operations
from .output import Losses, Output
from .parameters import Weights, flat, initial, views
from .parts import Net, answer_of, make_plan, memory_of
from .pieces import joined, pieces


def forward(x, plan, net, training=False):
    """x (R, D): word vectors; plan: Plan, on the device -> logits, Look (the memory's), cache.

    training: a decoder is fed as config.teacher_forcing says, and every pass is made.
    """
    memory, answer = memory_of(net.config), answer_of(net.config)
    c, input_cache = input_module.forward(x, plan.input, net)              # (S, F, H)
    q, question_cache = question_module.forward(x, plan.question, net)     # (Q, H)
    m, look, memory_cache = memory.forward(c, q, plan.memory, net, training)
    logits, answer_cache = answer.forward(m, q, plan.answer, net, training)
    return logits, look, (c.shape, input_cache, question_cache, memory_cache, answer_cache)


def backward(dlogits, ds, cache, net, grads, dx):
    """ds: of the gate scores, or None.  Adds into dx (R, D) and grads, all but embedding.*."""
    memory, answer = memory_of(net.config), answer_of(net.config)
    c_shape, input_cache, question_cache, memory_cache, answer_cache = cache
    dm, dq_answer = answer.backward(dlogits, answer_cache, net, grads)
    dc, dq_memory = memory.backward(dm, ds, memory_cache, net, grads)
    dqs = [dq for dq in (dq_answer, dq_memory) if dq is not None]
    if dqs:
        dq = dqs[0] if len(dqs) == 1 else net.ops.add(*dqs)
        question_module.backward(dq, question_cache, net, grads, dx)
    input_module.backward(dc.reshape(c_shape), input_cache, net, grads, dx)


class DMN(Weights):
    """A Dynamic Memory Network: a configuration, a vocabulary, and one flat dict of parameters.

    params: name -> array (float32 or float64), views of one vector `theta` (P,); assigning
    (`params[name] = a`, `params = all`, `theta = a`) copies the values, so the two stay one.
    backend: "numba" (fast), "numpy" (the reference), a list of them, or what ops.load returns.  On
    one machine the same seed gives the same bits, whatever the number of threads; another processor
    may add in another order.
    Raises ValueError for a vocabulary that was built for another kind of answer than the
    configuration's, and for another dtype.
    """

    def __init__(self, config: Config, vocabulary: Vocabulary,
                 backend: str | Sequence[str] | Operations = "numba", seed: int = 0,
                 dtype: str = "float32"):
        kind, self.dtype = config.answer, np.dtype(dtype)
        if vocabulary.kind not in (None, kind):
            raise ValueError(f"answer {kind!r}: build the vocabulary for it, "
                             f"Vocabulary.build(stories, answer={kind!r})")
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype {self.dtype}: give float32, or float64 to check derivatives")
        self.config, self.vocabulary = config, replace(vocabulary, kind=kind)
        self.backend, self.threads = backend, threads.count()
        self.run = None                                    # the training it comes from: library.py
        values = initial(config, vocabulary, np.random.default_rng(seed))
        self._attach(flat(values).astype(self.dtype))

    def __repr__(self):
        config, words, classes = self.config, self.vocabulary.words, self.vocabulary.answers
        return (f"<DMN: {len(words)} words, answers of kind {config.answer!r} "
                f"({len(classes)} classes), {config.passes} passes ({config.episode}), "
                f"H = {config.hidden}, {self._theta.size:,} parameters, {self.dtype}, "
                f"{self.ops.layers[0]}>")

    def _in_pieces(self, work, batch):
        """-> [work(piece), ...] by the threads; the pieces, as pieces.pieces gives them."""
        parts = pieces(batch, self.ops.n_pieces(len(batch.n_tokens), len(batch.story_of)))
        return threads.run(work, parts, self.threads), parts

    def forward(self, batch: Batch) -> Output:
        """Batch -> Output.  Raises TypeError for what is no Batch, ValueError for one with arrays
        that do not fit together or this network's vocabulary.
        """
        check_batch(batch, self.vocabulary)
        batch, forms = word_vectors.distinct(batch, len(self.vocabulary.words))
        net, ops = Net(self._params, self.config, self.ops), self.ops
        answer, memory = answer_of(self.config), memory_of(self.config)

        def work(part):
            plan = make_plan(part[0], self.config)
            logits, look, _ = forward(x, ops.to_device(plan), net)
            return Output(**answer.shown(logits, plan.answer, net),
                          **memory.shown(look, plan.memory, net))

        with threads.interruptible():
            x = word_vectors.forward(ops.to_device(forms), None, net)
            outputs, parts = self._in_pieces(work, batch)
            return outputs[0] if len(parts) == 1 else joined(outputs, parts, batch)

    def ask(self, story: str | Sequence | Story,
            question: str | Sequence[str] | Question) -> Answer:
        """One question about one story, given as plain strings or as Story and Question -> Answer.

        Answer has answer, probability, others, attention (passes made, F + 1) and plot(); more in
        `answer.ask`.  Raises UserError for what cannot be asked.
        """
        return ask(self, story, question)

    def loss_and_grads(self, batch: Batch, alpha: float | None = None, beta: float = 1.0,
                       rng: np.random.Generator | None = None) -> tuple[float, dict]:
        """-> J, and its gradient: name -> array, the keys and shapes of params.

        J = alpha E_gates + beta E_answers + l2 / 2 times the squared norm of all matrices.
        E_gates is the mean over questions, E_answers over the answers that have a class.
        alpha None: the configuration's.  rng: a NumPy Generator for dropout; None: no dropout.
        Raises as `forward`, and ValueError where no question has an answer.
        """
        J, _, dtheta = self.gradient(batch, alpha, beta, rng)
        return J, views(dtheta, self._shapes)

    def gradient(self, batch: Batch, alpha: float | None = None, beta: float = 1.0,
                 rng: np.random.Generator | None = None) -> tuple[float, Losses, np.ndarray]:
        """As loss_and_grads -> J, Losses (sums), dtheta (P,): one vector in the order of params."""
        losses, dtheta = self.gradient_unread(batch, alpha, beta, rng)
        return *losses(), dtheta

    def gradient_unread(self, batch: Batch, alpha: float | None = None, beta: float = 1.0,
                        rng: np.random.Generator | None = None) -> tuple[Callable, np.ndarray]:
        """As gradient, but nothing waits for a device -> losses, dtheta.

        losses() waits -> J, Losses.
        """
        check_batch(batch, self.vocabulary)
        if rng is not None:
            check_rng(rng)
        config, ops, answer = self.config, self.ops, answer_of(self.config)
        net, alpha = Net(self._params, config, ops), config.alpha if alpha is None else alpha
        n, n_known = answer.counted(batch, answer.plan(batch, config))
        if not n:
            raise ValueError("no question of this batch has an answer to learn from")
        alpha_each, beta_each = alpha / n, beta / max(1, n_known)
        batch, forms = word_vectors.distinct(batch, len(self.vocabulary.words))
        n_words = len(self.params["embedding.L"]) if forms is None else len(forms)
        shape = n_words, config.embedding
        mask = word_vectors.dropout_mask(shape, config.dropout, self.dtype, rng)
        forms, mask = ops.to_device(forms), ops.to_device(mask)
        own = word_vectors.shapes(config, self.vocabulary)     # the first in theta
        others = {name: shape for name, shape in self._shapes.items() if name not in own}
        size = sum(map(prod, others.values()))

        def work(part):
            plan, d = make_plan(part[0], config), ops.zeros(size, self.dtype)
            dx = ops.zeros(x.shape, self.dtype)
            with np.errstate(invalid="ignore", over="ignore"):     # J or dtheta will show it
                logits, look, cache = forward(x, ops.to_device(plan), net, training=True)
                unread, kept = loss_forward(logits, look.s, part[0], plan, net)
                dlogits, ds = loss_backward(kept, alpha_each, beta_each, ops)
                backward(dlogits, ds, cache, net, views(d, others), dx)
            return unread, d, dx

        with threads.interruptible():
            x = word_vectors.forward(forms, mask, net)
            ((unread, d, dx), *more), _ = self._in_pieces(work, batch)
            for unread_i, d_i, dx_i in more:               # in the order of the pieces: same bits
                unread = add_unread(unread, unread_i, ops)
                ops.add_into(d, d_i)
                ops.add_into(dx, dx_i)
            dtheta = ops.zeros(self._theta.shape, self.dtype)
            ops.add_into(dtheta[len(self._theta) - size:], d)
            word_vectors.backward(dx, forms, mask, net, views(dtheta, self._shapes))
            half_squares = 0.0
            if config.l2:
                decayed = ops.to_device(self.decayed())
                half_squares = ops.l2_forward(self._theta, decayed)
                ops.l2_backward(self._theta, decayed, config.l2, dtheta)

        def losses():
            found = read(unread, ops)
            J = alpha_each * found.gates + beta_each * found.answers
            return J + config.l2 * ops.number(half_squares), found
        return losses, dtheta
