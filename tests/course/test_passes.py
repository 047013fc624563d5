"""Back through the passes: the reference's operations put together, and mistakes between them."""

import numpy as np
import pytest

from tinydmn.course.catalogue import EXERCISES
from tinydmn.course.causes import Ground
from tinydmn.course.checking import check_part, make_case
from tinydmn.course.dialect import CHOICES, PAPER
from tinydmn.course.exercises.gru_cell import step
from tinydmn.course.part import defined

from .local import Local

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


@pytest.mark.parametrize("seed", range(2))
def test_the_reference_is_right(seed):
    assert kinds(RIGHT, seed) == []


@pytest.mark.parametrize("old, new, kind", [
    ("return dc,dq+dm", "return dc,dq", "missing term: what comes through m_0 = q"), ("dm=dm+dmj", "dm=dmj", "missing term: what comes through m_prev in the memory's GRU"),
    ("dm=dm+dmj", "dm=dm", "missing term: what comes through m in the gate"), ("dc+=dci+dcj", "dc+=dci", "missing term: what comes through c in the gate"),
    ("dc+=dci+dcj", "dc+=dcj", "missing term: what comes through c in the episode"), ("dm=dm+dmj", "dm=dm-dmj", "sign: of what comes through m in the gate"),
    ("dq+=dqj", "pass", "missing term: what comes through q in the gate"), ("dq+=dqj", "dq+=2*dqj", "factor: 2 times what comes through q in the gate")])
def test_a_mistake_between_the_operations_is_named(old, new, kind):
    assert RIGHT.count(old) == 1
    assert kinds(RIGHT.replace(old, new), len(kind) % 3) == [kind]         # not one seed for all


@pytest.mark.parametrize("old, new", [("dq+=dqj", "dq=dqj"), ("caches[::-1]", "caches"), ("caches[::-1]", "caches[1:]"), ("db_2+=d0", "pass")])
def test_other_mistakes_are_found(monkeypatch, old, new):
    monkeypatch.setattr("tinydmn.course.causes.COST", 10_000)              # what they are is not looked for at length
    assert RIGHT.count(old) == 1 and kinds(RIGHT.replace(old, new), 0)


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
