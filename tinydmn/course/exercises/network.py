"""A network of a student's own functions: its derivatives, and what it answers once it is trained.

The network, the stories, the questions and the answers stay here, in the grader's process; a
student's functions are called in theirs, one operation at a time, with arrays.  So what counts is
what they compute: a file sees no answer, and no question but as vectors of the weights that it
trains.  What that does not promise: that they are the equations asked; that says the first part,
which checks each pair by itself before the network.
"""

from threading import Lock

import numpy as np

from ..calls import Call, Kept
from ..case import Finding
from ..part import Part
from ..stub import stubs
from . import episode, gate, gru, gru_cell
from .network_example import example

PAIRS = (*gru_cell.PARTS, *gru.PARTS, *gate.PARTS[1:], *episode.PARTS[:1])
STORIES, EPOCHS, NEEDED = 200, 13, 0.95
TRIES = 2                      # the better of them counts: weights to begin with may be unlucky
SETTINGS = dict(passes=1, hidden=20, embedding=20, gate_hidden=20, batch=8, learning_rate=1e-2,
                final_rate=0.05, gate_epochs=0, epochs=EPOCHS)
SMALL = dict(hidden=5, embedding=5, gate_hidden=4, passes=2)   # whose derivatives are checked
ENTRIES = 3                    # of each parameter, at random
NOTE = '''

# The network's own functions: those of a2, a3, a4 and a5.  Whatever they need besides belongs here
# too: a file stands alone.
'''


class Failed(Exception):
    """A call that gave no answer, or none that fits: where, and one line."""


def stub(dialect):
    return NOTE + "".join(stubs(part, dialect, None) for part in PAIRS) + example(dialect, PAIRS)


class Students:
    """Operations of the network by a student's functions, in their process: an overlay.

    Between two messages the process keeps nothing, so a backward is asked together with its
    forward.  Where in a student's eq. (4) it is 1 - z that keeps the old state, z's rows of W, U
    and b go there with the other sign: by sigmoid(-a) = 1 - sigmoid(a) this is the same network,
    and its b_z > 0 at the beginning lets a state last there too.
    """

    def __init__(self, session, dialect):
        self.session, self.sign, self.one = session, -1.0 if dialect.keep == "1-z" else 1.0, Lock()

    def forward(self, name, args, shape):
        """-> the output of NAME_forward."""
        return self._run([Call(f"{name}_forward", args, True)], [shape])[0].values[0]

    def backward(self, name, args, d, weights, dweights):
        """-> what NAME_backward returns; adds into dweights.  weights: args from there on are
        parameters."""
        zeros = tuple(np.zeros_like(a) for a in args[weights:])
        inputs = [a for a in args[:weights] if a.dtype.kind == "f"]
        calls = [Call(f"{name}_forward", args, True),
                 Call(f"{name}_backward", (d, Kept(0), *zeros))]
        result = self._run(calls, [d.shape, *(a.shape for a in inputs)])[1]
        for into, added in zip(dweights, result.args[2:]):
            into += added.reshape(into.shape)
        return result.values

    def _run(self, calls, shapes):
        with self.one:                                     # a network may run in several threads
            results = self.session.run(calls)
        for call, result in zip(calls, results):
            if result.values is None:
                raise Failed(call.function, result.error)
        got = [a for result in results for a in result.values]
        if [a.shape for a in got] != shapes:
            found = ", ".join(str(a.shape) for a in got)
            raise Failed(calls[-1].function, f"shapes {found}, should be "
                         f"{', '.join(map(str, shapes))}")
        return results

    def turned(self, group):
        """W, U, b (or their derivatives) with the sign that z has there; copies."""
        out = [a.copy() for a in group]
        for a in out:
            a[:len(a) // 3] *= self.sign
        return out

    def back_through_gru(self, name, args, dh, n_inputs, dgru):
        added = [np.zeros_like(a) for a in dgru]
        got = self.backward(name, args, dh, n_inputs, added)
        for into, d in zip(dgru, self.turned(added)):
            into += d
        return got

    def gru_cell_forward(self, x, h_prev, gru):
        args = (x, h_prev, *self.turned(gru))
        return self.forward("gru_cell", args, h_prev.shape), args

    def gru_cell_backward(self, dh, args, gru, dgru):
        return self.back_through_gru("gru_cell", args, dh, 2, dgru)

    def gru_forward(self, x, sequences, gru, g=None):
        """As the library's: inputs are rows of x (R, I); out are states at some steps."""
        rows, n, at = sequences
        B, T = rows.shape
        args = (x[rows], np.maximum(n, 1).astype(np.int64), *self.turned(gru))
        h = self.forward("gru", args, (B, T, gru.U.shape[1]))
        there = (at >= 0)[..., None]
        return np.where(there, h[np.arange(B)[:, None], at], 0.0).astype(x.dtype), (args, sequences,
                                                                                   x.shape)

    def gru_backward(self, dout, cache, gru, dgru):
        args, (rows, _, at), shape = cache
        (B, T), dx = rows.shape, np.zeros(shape, dout.dtype)
        dh = np.zeros((B, T, dout.shape[2]), dout.dtype)
        np.add.at(dh, (np.arange(B)[:, None], at), np.where((at >= 0)[..., None], dout, 0.0))
        d, = self.back_through_gru("gru", args, dh, 2, dgru)
        np.add.at(dx, rows, d)
        return dx, None

    def gate_forward(self, c, m, q, gate):
        *weights, b_2 = gate
        args = (c, m, q, *weights, b_2.reshape(1))
        return self.forward("gate", args, c.shape[:2]), args

    def gate_backward(self, ds, args, gate, dgate):
        return self.backward("gate", args, ds, 3, dgate)

    def softmax_episode_forward(self, c, s, weights=None):
        n = np.isfinite(s).sum(axis=1)                     # what stands behind is padding
        args = (c, np.where(np.isfinite(s), s, 0.0).astype(s.dtype), n)
        shares = np.exp(s - s.max(axis=1, keepdims=True))
        g = shares / shares.sum(axis=1, keepdims=True)
        return self.forward("softmax_episode", args, (c.shape[0], c.shape[2])), g, args

    def softmax_episode_backward(self, de, args, weights=None, dweights=None):
        return self.backward("softmax_episode", args, de, 3, ())


def check(session, part, dialect, rng, say):
    """Every derivative: of each pair by itself, then of a small network of them."""
    from ..checking import check_part
    for pair in PAIRS:
        if found := check_part(session, pair, dialect, rng):
            return [one._replace(part=part.name) for one in found]
    from ... import DMN, Config, Vocabulary, generate, make_batch, ops
    from ...gradcheck import WORST, check_model
    stories = generate(1, 2, rng)
    model = DMN(Config(**SMALL), Vocabulary.build(stories),
                ops.load("numpy", overlay=Students(session, dialect)),
                seed=int(rng.integers(2**31)), dtype="float64")
    batch = make_batch(stories, model.vocabulary)
    try:
        errors = check_model(model, batch, ENTRIES, rng)
    except Failed as error:
        return [(*error.args, "error")]
    name, (worst, _) = max(errors.items(), key=lambda item: item[1][0])
    say(f"{len(errors)} parameters, the worst relative error is {worst:.0e}")
    if worst <= WORST:
        return []
    wrong = ", ".join(name for name, (error, _) in errors.items() if not error <= WORST)
    return [("", f"in a network the derivatives are wrong in {wrong}; in {name} the relative error "
             f"is {worst:.0e}", "wrong")]


def check_answers(session, part, dialect, rng, say):
    """A network that is trained on their functions, asked what it has not seen."""
    from ... import evaluate, fit, generate, ops
    backend = ops.load("numpy", overlay=Students(session, dialect))
    train, others = generate(1, STORIES, rng), generate(1, STORIES, rng)
    best = 0.0
    for _ in range(TRIES):
        try:
            model = fit(train, backend=backend, seed=int(rng.integers(2**31)), **SETTINGS)
            score = evaluate(model, others)
        except Failed as error:
            return [(*error.args, "error")]
        best = max(best, score.answer_accuracy)
        text = f"{100 * best:.1f} % of {score.n_questions} unseen questions right"
        if best >= NEEDED:
            say(text)
            return []
    text = f"{part.name}: {text}, asked are {100 * NEEDED:.0f} %"
    return [Finding(part.name, text, "too few right answers", text)]


OF_BOTH = dict(inputs={}, params={}, outputs={}, define=None, sizes=lambda rng: {},
               wants=("scipy",), seconds=240.0, cases=1,
               equations=lambda dialect: "\n".join(pair.equations(dialect) for pair in PAIRS))
PARTS = (Part("network", "The derivatives of a network of your own", **OF_BOTH, check=check,
              stub=stub, asks=tuple(f"{pair.name}_{way}" for pair in PAIRS
                                    for way in ("forward", "backward"))),
         Part("network_answers", "A network of your own, trained", **OF_BOTH, check=check_answers,
              stub=lambda dialect: "", asks=(), right="unseen questions are answered"))
