"""The checker checked: it passes what is right and fails what is wrong, and says where."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tinydmn.gradcheck import assert_grad, numerical_entries, numerical_grad, relative_error


@given(n=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_a_cubic_is_differentiated_and_restored(n, seed):
    a = np.random.default_rng(seed).normal(size=(n, 2))
    before = a.copy()
    slopes = numerical_grad(lambda: np.sum(a**3), a)
    np.testing.assert_allclose(slopes, 3 * before**2, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(a, before)
    np.testing.assert_array_equal(numerical_entries(lambda: np.sum(a**3), a, [(0, 1)]), slopes[0, 1:])


def test_float32_is_refused():
    a = np.ones(2, np.float32)
    with pytest.raises(AssertionError, match="float64"):
        numerical_grad(lambda: a.sum(), a)


def test_a_thousandth_is_seen_and_rounding_is_not():
    a = np.array([1.0, 2.0, 1e-7])
    loss = lambda: np.sum(a**2)
    assert_grad("a", 2 * a, loss, a)
    with pytest.raises(AssertionError, match="gradient of a"):
        assert_grad("a", 2 * a * 1.001, loss, a)
    exact = np.array([1.0, 1e-9])
    assert relative_error(exact, exact * np.array([1.001, 1.0])).max() > 4e-4
    assert relative_error(exact, exact + 1e-11).max() < 1e-7
