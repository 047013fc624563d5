"""Back through the passes: the reference's operations put together, and mistakes between them."""

import re

import numpy as np
import pytest

from tinydmn.course.catalogue import EXERCISES
from tinydmn.course.case import make_case
from tinydmn.course.causes import Ground
from tinydmn.course.checking import check_part
from tinydmn.course.dialect import CHOICES, PAPER
from tinydmn.course.exercises.gru_cell import step
from tinydmn.course.part import defined

from .local import Local
from .solutions import in_dialect, right
from .table import category, findings
from .wrong import wrong

RIGHT = """
from tinydmn.ops import load
from tinydmn.ops.groups import GRU, Gate
op=load("numpy")
def passes_forward(c,q,n,W_b,W_1,b_1,W_2,b_2,W,U,b,W_m,U_m,b_m):
    gate=Gate(W_b,W_1,b_1,W_2,b_2[0]); ep=GRU(W,U,b); me=GRU(W_m,U_m,b_m)
    m=q; caches=[]
    mask=np.arange(c.shape[1])<n[:,None]
    for i in range(2):
        s,gc=op.gate_forward(c,m,q,gate)
        e,g,ec=op.gated_episode_forward(c,np.where(mask,s,-np.inf).astype(s.dtype),ep)
        m,mc=op.gru_cell_forward(e,m,me)
        caches.append((gc,ec,mc))
    return m,(caches,gate,ep,me,mask,c,q)
def passes_backward(dm,cache,dW_b,dW_1,db_1,dW_2,db_2,dW,dU,db,dW_m,dU_m,db_m):
    caches,gate,ep,me,mask,c,q=cache
    d0=np.zeros((),c.dtype); dgate=Gate(dW_b,dW_1,db_1,dW_2,d0); dep=GRU(dW,dU,db); dme=GRU(dW_m,dU_m,db_m)
    dc=np.zeros_like(c); dq=np.zeros_like(q)
    for gc,ec,mc in caches[::-1]:
        de,dm=op.gru_cell_backward(dm,mc,me,dme)
        dci,ds=op.gated_episode_backward(de,ec,ep,dep)
        dcj,dmj,dqj=op.gate_backward(np.where(mask,ds,0).astype(ds.dtype),gc,gate,dgate)
        dc+=dci+dcj; dm=dm+dmj; dq+=dqj
    db_2+=d0
    return dc,dq+dm
"""
PART, = EXERCISES["passes"].parts


def kinds(source, seed):
    return [found.kind for found in check_part(Local(source), PART, PAPER, np.random.default_rng(seed))]


def test_the_reference_is_right():
    assert kinds(RIGHT, 0) == []


@pytest.mark.parametrize("file", right("passes"))
def test_right_files_lose_nothing(file):
    assert not findings(PART, right("passes")[file], len(file))


@pytest.mark.parametrize("update", CHOICES["update"])
def test_another_dialect_asks_other_numbers(update):
    dialect = PAPER._replace(update=update, keep="1-z")
    (source,) = in_dialect("passes", dialect).values()
    assert not findings(PART, source, 3, dialect)
    one, = findings(PART, right("passes")["loop"], 3, dialect)
    assert "does not follow the equations" in one.hidden


def named(sample, seed):
    """How many of these wrong files are named by a kind that is theirs; all are found, and told in lines without numbers of the case."""
    right_kind = 0
    for what, source, kinds in sample:
        found = findings(PART, source, seed)
        assert 1 <= len(found) <= 4, what
        for one in found:
            assert "\n" not in one.text and "at [" not in one.hidden and not re.search(r"should be -?\d|\d\.\d{5}", one.hidden), one.hidden
        right_kind += category(found[0]) in kinds
    return right_kind


def test_wrong_files_are_found_and_named():
    mistakes = wrong("passes")
    assert len(right("passes")) >= 5 and len(mistakes) >= 25
    sample = mistakes[::9]
    assert named(sample, 1) >= len(sample) - 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_all_wrong_files_are_found_and_named(seed):
    mistakes = wrong("passes")
    assert named(mistakes, seed) >= 0.9 * len(mistakes)


@pytest.mark.parametrize("file, old, new, kind", [
    ("loop", "in reversed(cache):", "in cache:", "order: the backward goes through the passes from the first to the last"),
    ("loop", "in reversed(cache):", "in cache[1:]:", "missing term: pass 1 is left out"),
    ("loop", "        dq = dq + dq_g\n", "        dq = dq_g\n", "missing term: what comes through q in the gate of pass 2"),
    ("loop", "    for _ in range(2):\n", "    for _ in range(3):\n", "term too many: one pass more"),
    ("one_pass", "    more, by_gate, dq = ", "    more, dq, by_gate = ", "order: what comes through m and through q in the gate is exchanged"),
    ("recompute", "        dm = dm + through\n", "        dm = dm + of_q\n", "order: m gets what comes through q in the gate"),
    ("loop", "gru_cell_forward(e, m, W_m, U_m, b_m)", "gru_cell_forward(m, e, W_m, U_m, b_m)", "order: e and m are exchanged in the memory's GRU"),
    ("loop", "s, of_gate = gate_forward(c, m, q", "s, of_gate = gate_forward(c, q, q", "off by one in time: m_0 = q where m belongs, in the gate")])
def test_a_mistake_between_the_operations_is_named(file, old, new, kind):
    source = right("passes")[file]
    assert source.count(old) == 1
    one, = findings(PART, source.replace(old, new), 1)
    assert one.kind == kind


def test_an_accumulation_that_is_lost_is_found(monkeypatch):
    monkeypatch.setattr("tinydmn.course.causes.COST", 10_000)              # what it is is not looked for at length
    assert kinds(RIGHT.replace("db_2+=d0", "pass"), 0)


@pytest.mark.parametrize("part", [part for exercise in EXERCISES.values() for part in exercise.parts if not part.check], ids=lambda part: part.name)
def test_a_place_has_one_name_and_a_name_one_place(part):
    """What may stand there by mistake, and how many axes it has, is the same each time that a name occurs."""
    for dialect in (PAPER, *(PAPER._replace(**{field: choice}) for field, choices in CHOICES.items() for choice in choices)):
        ground = Ground(make_case(part, dialect, np.random.default_rng(0)))
        for name, others in ground.others.items():
            assert len({tuple(other) for other in others}) == 1 and len({value.ndim for value in ground.values[name]}) == 1, name


@pytest.mark.parametrize("update", CHOICES["update"])
def test_the_memory_is_updated_as_the_dialect_says(update):
    """By a GRU over e, or e + q, or added to the memory before: with no facts' gates, so that e is 0."""
    case = make_case(PART, PAPER._replace(update=update), np.random.default_rng(0))
    a = case.arrays | {"b_2": np.full(1, -1e9)}
    weights = a["W_m"], a["U_m"], a["b_m"]
    m = q = a["q"]
    for _ in range(2):
        new = step(PAPER, q if update == "sum" else 0 * q, m, *weights)
        m = m + new if update == "residual" else new
    np.testing.assert_allclose(defined(PART, case.dialect, a)["m"], m, rtol=1e-12)
