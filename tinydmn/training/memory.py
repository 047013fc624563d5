"""Will a batch fit into memory?  Asked before training begins, so that the answer is a sentence and not a killed process."""

import os
from math import prod

import numpy as np

from .. import threads
from ..data.story import Story
from ..errors import UserError
from ..parameters import shapes
from ..ops.passes_numba import PAIRS

READING = {"gru": 12, "lstm": 16, "rnn": 5}                # times H: numbers that a word takes on its way through a network and back


def bytes_needed(stories, config, dtype, n_answers=0):
    """Bytes that forward and backward of some stories (or of one) take at most, about: packed states of words, facts, of each pair of a
    question and a fact the gate's features and the episode's states in each pass, and of each step of an answer the scores of n_answers."""
    stories = [stories] if isinstance(stories, Story) else stories
    H, D, G, passes = config.hidden, config.embedding, config.gate_hidden, config.passes
    gated, tags, ways = config.episode == "gated", config.answer == "tags", 1 + (config.bidirectional == "yes")
    words = facts = pairs = later = square = steps = 0
    for story in stories:
        ends = np.cumsum([0, *(len(fact) + (config.facts != "words") for fact in story.facts)])        # words before the end of each fact
        n_facts = (lambda n: n) if config.facts == "sentences" else (lambda n: int(ends[n]))           # every word a fact
        cuts = sorted({q.n_facts for q in story.questions}) if ways == 2 else [len(story.facts)]       # it is read anew for each, from its end
        words += ways * sum(int(ends[n]) for n in cuts) + sum(len(q.tokens) for q in story.questions)
        facts += sum(n_facts(n) for n in cuts)
        seen = [n_facts(q.n_facts) + 1 for q in story.questions]
        pairs += sum(seen)
        steps += sum(n_facts(q.n_facts) if tags else 1 + len(q.answer) * (config.answer == "sequence") for q in story.questions)
        if tags:                                           # each word its own gates: (N, F) numbers, and in later passes as many pairs
            later += sum(n * (n + 1) // 2 for n in seen)
            square += sum(n * n for n in seen)
    kept, shared = 2 * H + G + 9 * H * gated, 6 * H + 3 * G
    numbers = words * (READING[config.cell] * H + 3 * D) + facts * ((8 if gated else 2) * H + 2 * G)
    numbers += steps * (4 * n_answers + 7 * H * (config.answer == "sequence"))
    if tags:
        numbers += pairs * (kept + shared) + square * (4 + passes)
        if passes > 1:                                     # in chunks, one a thread at a time
            chunk = max(PAIRS, max(len(fact) for story in stories for fact in story.facts))
            numbers += min(later, threads.count() * chunk) * ((passes - 1) * kept + 2 * shared)
    elif passes:
        numbers += pairs * (passes * kept + shared)
    return np.dtype(dtype).itemsize * numbers


def bytes_of_parameters(config, vocabulary, dtype):
    """Bytes of the parameters, their start in float64, their best, their gradients of each thread, and Adam's moments."""
    n = sum(prod(shape) for shape in shapes(config, vocabulary).values())
    return n * (8 + np.dtype(dtype).itemsize * (6 + config.ensemble + threads.count()))


def available():
    """Bytes of memory that are free to use; None where the system does not tell."""
    try:
        with open("/proc/meminfo", encoding="utf-8") as file:
            return next(1024 * int(line.split()[1]) for line in file if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        pages = {"SC_AVPHYS_PAGES", "SC_PAGE_SIZE"} <= set(getattr(os, "sysconf_names", {}))
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if pages else None


def check(stories, config, dtype, vocabulary=None, free=None):
    """Raises UserError where the parameters, or the heaviest batch of `stories`, whose longest it names, would not fit into `free` bytes
    (default: what there is)."""
    free = available() if free is None else free
    if free is None or not stories:
        return
    own, n_answers = (bytes_of_parameters(config, vocabulary, dtype), len(vocabulary.answers)) if vocabulary else (0, 0)
    if own > free:
        raise UserError(f"--hidden {config.hidden}, --embedding {config.embedding}: the parameters and their moments take about {own / 2**30:.1f} GiB "
                        f"and {free / 2**30:.1f} GiB are free; lower them")
    heaviest = sorted(stories, key=lambda story: bytes_needed(story, config, dtype, n_answers), reverse=True)[:config.batch]
    total = own + bytes_needed(heaviest, config, dtype, n_answers)
    if total > free:
        raise UserError(f"{heaviest[0].source}: story of {len(heaviest[0].facts)} facts; a batch of {len(heaviest)} such takes about "
                        f"{total / 2**30:.1f} GiB and {free / 2**30:.1f} GiB are free; lower --batch or --hidden, or shorten the story")
