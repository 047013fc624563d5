"""One side of a comparison, in a process of its own:

    python -m tinydmn.bench.worker SIDE THREADS STORIES EPISODE HIDDEN TASK SEED DATA

Prints "ready QUESTIONS FLOP PIECES" (of a batch: its questions, the floating-point operations of a
step, the pieces that threads share), then for each line "N" on standard input trains N steps and
prints the seconds they took.  Everything that is done once (reading, padding, compiling) comes
before "ready".
"""

import os
import signal
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from time import perf_counter

import numpy as np

from .. import threads
from ..config import Config
from ..data.batch import make_batch
from ..data.sources import babi_stories
from ..data.vocabulary import Vocabulary
from ..errors import UserError
from ..model import DMN
from ..ops import BACKENDS, DEVICES
from ..ops.arrays_numpy import n_pieces
from ..ops.failures import plainly
from ..streams import settle
from ..word_vectors import distinct
from .counting import step_flop

BATCHES = 8                    # different batches, taken in turn
# sides that torch trains on a GPU -> how
ON_GPU = {"torch-cuda": {"device": "cuda"}, "torch-compile": {"device": "cuda", "compiled": True}}


def make_batches(task, stories, seed, data):
    """BATCHES batches of one task -> Vocabulary, list[Batch].

    stories: a batch; 0: one story with one question, its last."""
    known, _, _ = babi_stories(task, data, "1k", seed)
    order = np.random.default_rng(seed).permutation(len(known))
    chosen = [[known[i] for i in np.roll(order, -b * max(1, stories))[:max(1, stories)]]
              for b in range(BATCHES)]
    if stories == 0:
        chosen = [[replace(s, questions=s.questions[-1:]) for s in part] for part in chosen]
    vocabulary = Vocabulary.build(known)
    return vocabulary, [make_batch(part, vocabulary) for part in chosen]


def our_trainer(model, batches):
    """step(i): one training step on batch i: forward, backward, clipping, Adam."""
    m, v = (model.ops.zeros(model.theta.shape, model.dtype) for _ in range(2))
    config, adam, clip = model.config, model.ops.adam, model.ops.clip_by_global_norm
    taken = 0

    def step(i):
        nonlocal taken
        taken += 1
        J, _, dtheta = model.gradient(batches[i % len(batches)])
        clip(dtheta, config.clip)
        adam(model.theta, dtheta, (m, v), taken, config.learning_rate)
        return J
    return step


def make_step(side, n_threads, vocabulary, batches, config, seed):
    """step(i) of a back end or a key of compare.PACKAGES, from the same parameters."""
    backend = side if side in BACKENDS + DEVICES else "numpy"
    model = DMN(config, vocabulary, backend, seed)
    model.threads = n_threads
    if backend == side:
        return our_trainer(model, batches)
    if side in ON_GPU:
        return import_peer("torch_dmn").make_trainer(model.params, config, batches, **ON_GPU[side])
    return import_peer(f"{side.replace('-', '_')}_dmn").make_trainer(model.params, config, batches)


def import_peer(name):
    """A module of tests/peers, which lies in the source tree."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    return import_module(f"tests.peers.{name}")


def words_multiplied(batch, vocabulary):
    """How many word vectors meet the matrices W: those of the batch, or all where they are few."""
    _, forms = distinct(batch, len(vocabulary.words))
    return len(vocabulary.words) if forms is None else len(forms)


def main(side, n_threads, *case):
    """case: stories, episode, hidden, task, seed, data ("": generated stories), as strings."""
    stories, episode, hidden, task, seed, data = case
    if side in ("numba", "numpy"):
        threads.keep_freed_memory()                        # as our commands do
    vocabulary, batches = make_batches(int(task), int(stories), int(seed), data or None)
    config = Config(hidden=int(hidden), embedding=int(hidden), gate_hidden=int(hidden), passes=3,
                    episode=episode, dropout=0.0)
    step = make_step(side, int(n_threads), vocabulary, batches, config, int(seed))
    for i in range(2 * BATCHES):                           # compiles, for every shape
        step(i)
    flop = [step_flop(batch, words_multiplied(batch, vocabulary), len(vocabulary.answers), config)
            for batch in batches]
    pieces = n_pieces(len(batches[0].n_tokens), len(batches[0].answer))
    print("ready", len(batches[0].answer), sum(flop) // BATCHES, pieces, flush=True)
    taken = 0
    for line in sys.stdin:
        began = perf_counter()
        for i in range(taken, taken + int(line)):
            step(i)
        taken += int(line)
        print(perf_counter() - began, flush=True)


if __name__ == "__main__":
    # Ctrl-C in a terminal reaches all of its processes: the one that started us decides
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    settle()
    try:
        with plainly():
            main(*sys.argv[1:])
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
