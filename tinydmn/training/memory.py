"""Will a batch fit into memory?  Checked before training, so that the answer is a sentence and not
a killed process."""

import os
from math import prod

import numpy as np

from .. import threads
from ..data.story import Story
from ..errors import UserError
from ..parameters import shapes
from ..parts import answer_of
from ..ops.groups import PAIRS

# times H: numbers that a word takes on its way through an input network and back
READING = {"gru": 12, "lstm": 16, "rnn": 5}


def bytes_needed(stories, config, dtype, n_answers=0):
    """An estimate of the most bytes that forward and backward of some stories (or of one) take.

    Counted are packed states of words and facts; for each pair of a question and a fact the gate's
    features and the episode's states in each pass; for each step of an answer n_answers scores.
    """
    stories = [stories] if isinstance(stories, Story) else stories
    H, D, G, passes = config.hidden, config.embedding, config.gate_hidden, config.passes
    gated, tags = config.episode == "gated", answer_of(config).PER_WORD
    ways = 1 + (config.bidirectional == "yes")
    words = facts = pairs = later = square = steps = 0
    for story in stories:
        # words before the end of each fact
        ends = np.cumsum([0, *(len(fact) + (config.facts != "words") for fact in story.facts)])
        # else every word is a fact
        n_facts = (lambda n: n) if config.facts == "sentences" else (lambda n: int(ends[n]))
        # a bidirectional network reads the story once for each question, from the last fact it sees
        cuts = [len(story.facts)] if ways == 1 else sorted({q.n_facts for q in story.questions})
        words += ways * sum(int(ends[n]) for n in cuts)
        words += sum(len(q.tokens) for q in story.questions)
        facts += sum(n_facts(n) for n in cuts)
        seen = [n_facts(q.n_facts) + 1 for q in story.questions]
        pairs += sum(seen)
        if tags:
            steps += sum(n_facts(q.n_facts) for q in story.questions)
        else:
            steps += sum(1 + len(q.answer) * answer_of(config).DECODED for q in story.questions)
        if tags:                       # gates of each word: (N, F) numbers, later as many pairs
            later += sum(n * (n + 1) // 2 for n in seen)
            square += sum(n * n for n in seen)
    kept, shared = 2 * H + G + 9 * H * gated, 6 * H + 3 * G
    reading = READING.get(config.cell, max(READING.values()))
    numbers = words * (reading * H + 3 * D) + facts * ((8 if gated else 2) * H + 2 * G)
    numbers += steps * (4 * n_answers + 7 * H * answer_of(config).DECODED)
    if tags:
        numbers += pairs * (kept + shared) + square * (4 + passes)
        if passes > 1:                                     # in chunks, one a thread at a time
            chunk = max(PAIRS, max(len(fact) for story in stories for fact in story.facts))
            numbers += min(later, threads.count() * chunk) * ((passes - 1) * kept + 2 * shared)
    elif passes:
        numbers += pairs * (passes * kept + shared)
    return np.dtype(dtype).itemsize * numbers


def bytes_of_parameters(config, vocabulary, dtype):
    """Bytes of the parameters, their initial values in float64, their best, each thread's
    gradients, and Adam's moments."""
    n = sum(prod(shape) for shape in shapes(config, vocabulary).values())
    return n * (8 + np.dtype(dtype).itemsize * (6 + config.ensemble + threads.count()))


def available():
    """Bytes of memory that are free to use; None where the system does not tell."""
    try:
        with open("/proc/meminfo", encoding="utf-8") as file:
            return next(1024 * int(line.split()[1]) for line in file
                        if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        pages = {"SC_AVPHYS_PAGES", "SC_PAGE_SIZE"} <= set(getattr(os, "sysconf_names", {}))
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if pages else None


def check(stories, config, dtype, vocabulary=None, free=None):
    """Raises UserError where the parameters, or the heaviest batch of `stories`, whose longest it
    names, would not fit into `free` bytes (default: what there is)."""
    free = available() if free is None else free
    if free is None or not stories:
        return
    own, n_answers, size = 0, 0, lambda n: f"{n / 2**30:.1f} GiB"
    if vocabulary:
        own, n_answers = bytes_of_parameters(config, vocabulary, dtype), len(vocabulary.answers)
    if own > free:
        raise UserError(f"--hidden {config.hidden}, --embedding {config.embedding}: the parameters "
                        f"and their moments take about {size(own)} and {size(free)} are free; "
                        "lower them")
    of = lambda story: bytes_needed(story, config, dtype, n_answers)
    heaviest = sorted(stories, key=of, reverse=True)[:config.batch]
    total = own + bytes_needed(heaviest, config, dtype, n_answers)
    if total > free:
        raise UserError(f"{heaviest[0].source}: story of {len(heaviest[0].facts)} facts; a batch "
                        f"of {len(heaviest)} such takes about {size(total)} and {size(free)} are "
                        "free; lower --batch or --hidden, or shorten the story")
