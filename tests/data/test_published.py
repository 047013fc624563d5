"""The published files: read to the known counts, written back byte for byte, and answered by rule."""

import gzip
import re

import numpy as np
import pytest

from tinydmn.data.babi import find_task, load_task, task_file_name, write_babi

from .published import BABI, DATA, needs_published, published
from .rules import answer as by_rule
from .rules import PUBLISHED, disagreements

pytestmark = needs_published
STATS = BABI / "stats.tsv"
ROWS = [line.split("\t") for line in STATS.read_text().splitlines()] if DATA and STATS.exists() else [[]]
SPLITS = [(size, split) for size in ("1k", "10k") for split in ("train", "valid")]


def spread(numbers):
    return f"{min(numbers)}/{np.mean(numbers):.2f}/{max(numbers)}"


def span(numbers):
    return str(min(numbers)) if min(numbers) == max(numbers) else f"{min(numbers)}-{max(numbers)}"


def counts(stories):
    """The columns of stats.tsv, as text."""
    asked = [(s, q) for s in stories for q in s.questions]
    texts = [(tuple(map(tuple, s.facts)), repr(s.questions)) for s in stories]
    return {
        "stories": str(len(stories)),
        "questions": str(len(asked)),
        "q_per_story": span([len(s.questions) for s in stories]),
        "facts_per_story": spread([len(s.facts) for s in stories]),
        "lines_max": str(max(len(s.facts) + len(s.questions) for s in stories)),
        "facts_before_q": spread([q.n_facts for _, q in asked]),
        "words_before_q_max": str(max(sum(map(len, s.facts[:q.n_facts])) for s, q in asked)),
        "words_fact_max": str(max(len(f) for s in stories for f in s.facts)),
        "words_question_max": str(max(len(q.tokens) for _, q in asked)),
        "support": spread([len(q.support) for _, q in asked]),
        "vocab": str(len({w for s in stories for text in (*s.facts, *(q.tokens for q in s.questions)) for w in text})),
        "answers": str(len({tuple(q.answer) for _, q in asked})),
        "unordered_support": str(sum(q.support != sorted(q.support) for _, q in asked)),
        "duplicate_stories": str(len(texts) - len(set(texts))),
    }


def test_the_list_is_whole():
    assert len(ROWS) == 81 and len({tuple(row[:3]) for row in ROWS}) == 81


@pytest.mark.parametrize("row", ROWS[1:], ids=lambda row: "-".join(row[:3]))
def test_counts(row):
    expected = dict(zip(ROWS[0], row))
    folder, task, split = expected.pop("set"), expected.pop("task"), expected.pop("split")
    stories = published(int(task), folder.removeprefix("en-"), split)
    assert counts(stories) == expected
    assert all(re.fullmatch("[a-z]+", w) for s in stories for f in s.facts for w in f)


@pytest.mark.parametrize("task", [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])      # the others have no blank before the tab
@pytest.mark.parametrize("size, split", SPLITS)
def test_written_back_byte_for_byte(tmp_path, task, size, split):
    source = find_task(BABI, task, split, size)
    data = source.read_bytes()
    write_babi(published(task, size, split), tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == (gzip.decompress(data) if source.suffix == ".gz" else data)


@pytest.mark.parametrize("task", PUBLISHED)
@pytest.mark.parametrize("size, split", SPLITS)
def test_rules_agree(task, size, split):
    stories = {s.source: s for s in published(task, size, split)}
    for source, q, answer, support in disagreements(task, list(stories.values())):
        said = f"{source}: {q}, by rule {answer} {support}"
        match task, q.tokens:
            case 5, ["what", "did", giver, "give", "to", receiver]:          # two gifts fit; the file means the earlier one
                fact = stories[source].facts[q.support[0]]
                assert (fact[0], fact[3], fact[-1]) == (giver, q.answer[0], receiver) and support > q.support, said
            case 18, _:                                                      # several chains lead there; the file takes another
                assert answer == q.answer == by_rule(task, [stories[source].facts[i] for i in q.support], q.tokens)[0], said
            case _:
                raise AssertionError(said)


@pytest.mark.parametrize("task", range(1, 21))
def test_our_files_have_the_published_names(task):
    for split in ("train", "valid"):
        assert find_task(BABI, task, split).name.removesuffix(".gz") == task_file_name(task, split)


def test_load_task():
    train, valid, test = load_task(BABI, 1, "1k")
    assert (len(train), len(valid)) == (180, 20) and (test is None or len(test) == 200)
