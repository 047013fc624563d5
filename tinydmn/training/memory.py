"""Will a batch fit into memory?  Asked before training begins, so that the answer is a sentence and not a killed process."""

import os

import numpy as np

from ..errors import UserError


def bytes_needed(story, config, dtype):
    """Bytes that forward and backward of one story take at most, about: packed GRU states of words and facts, gate features of each pass."""
    H, D, G, passes = config.hidden, config.embedding, config.gate_hidden, config.passes
    words = sum(len(fact) + 1 for fact in story.facts) + sum(len(q.tokens) for q in story.questions)
    pairs = sum(q.n_facts + 1 for q in story.questions)
    a_pass = 2 * H + G + (9 * H if config.episode == "gated" else 0)
    return np.dtype(dtype).itemsize * (words * (12 * H + 3 * D) + pairs * (passes * a_pass + 6 * H + 3 * G))


def available():
    """Bytes of memory that are free to use; None where the system does not tell."""
    try:
        with open("/proc/meminfo") as file:
            return next(1024 * int(line.split()[1]) for line in file if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        pages = {"SC_AVPHYS_PAGES", "SC_PAGE_SIZE"} <= set(getattr(os, "sysconf_names", {}))
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if pages else None


def check(stories, config, dtype, free=None):
    """Raises UserError, naming the longest story, where the heaviest batch of `stories` would not fit into `free` bytes (default: what there is)."""
    free = available() if free is None else free
    if free is None or not stories:
        return
    needed = sorted(((bytes_needed(s, config, dtype), i) for i, s in enumerate(stories)), reverse=True)
    total = sum(n for n, _ in needed[:config.batch])
    if total > free:
        longest = stories[needed[0][1]]
        raise UserError(f"{longest.source}: story of {len(longest.facts)} facts; a batch of {min(config.batch, len(stories))} such takes about "
                        f"{total / 2**30:.1f} GiB and {free / 2**30:.1f} GiB are free; lower --batch or --hidden, or shorten the story")
