"""What a part's points are for: a share for its forward, the rest for its backward.

A backward beside a wrong forward still counts where it is the derivative of that very forward, as
what has been derived by hand is worth the same.  But a forward of one's own choice may be chosen to
have an easy derivative, or one that stands in a book: so it counts beside a forward that is one
slip away from the equations asked, depends on all that it should, and much in the same way.
"""

import numpy as np

from .case import finding
from .checking import check_backward, check_part
from .part import BACKWARD, defined, differences, total

FORWARD = 3                    # one in so many of a part's points is its forward's, rounded down
LIKE = 0.25                    # cosine of the forward's derivative and the one asked, at least
# kinds of a slip; what follows the equations of a source, or none, is no slip
SLIPS = ("sign", "factor", "missing term", "order", "transposed", "wrong axis", "padding leaked",
         "forgotten accumulation", "off by one in time", "changed in place")


def shares(points):
    """A part's points -> its forward's, its backward's."""
    return points // FORWARD, points - points // FORWARD


def earned(points, findings):
    """The points of a part, by what is found in it.  Where the forward's share is nothing, and
    where a finding is of neither way, it is all or nothing."""
    wrong = {getattr(one, "way", "") for one in findings}
    forward, backward = shares(points)
    if not wrong or not forward or not wrong <= {"forward", "backward"}:
        return 0 if wrong else points
    return forward * ("forward" not in wrong) + backward * ("backward" not in wrong)


def said(points, findings):
    """-> [a line about the shares], where one of the two is earned."""
    if not 0 < earned(points, findings) < points:
        return []
    wrong = {one.way for one in findings}
    return [", ".join(f"{way} {most * (way not in wrong)} of {most}"
                      for way, most in zip(("forward", "backward"), shares(points)))]


def check_shares(session, part, dialect, rng):
    """check_part, with a verdict on the backward beside a wrong forward too."""
    return check_part(session, part, dialect, rng, beside=beside_a_wrong_forward)


def beside_a_wrong_forward(session, case, found, *results):
    """[Finding] about the backward, none where it counts.  results: as check_backward takes."""
    if not all(one.kind.partition(":")[0] in SLIPS for one in found):
        return [finding(case, "backward", "", "counts once its forward is right, or one slip of "
                        "your own away from it")]
    return check_backward(session, case, *results, judge=own)


def own(case, got, numeric, parts=()):
    """The gradients against differences of a wrong forward -> [Finding], one at most."""
    for name, want in numeric.items():
        start = case.start.get(name, 0.0)
        if not np.allclose(got[name], start + want, **BACKWARD):
            said = "is not the derivative of your own forward either"
            return [finding(case, "backward", "d" + name, said)]
    if still := [name for name, want in numeric.items() if not np.any(want)]:
        return [finding(case, "backward", "", f"cannot count, as its forward does not depend on "
                        f"{', '.join(still)}")]
    if abs(likeness(case, numeric)) < LIKE:
        return [finding(case, "backward", "", "cannot count, as its forward is too far from the "
                        "equations")]
    return []


def likeness(case, numeric):
    """The cosine of the derivatives of a forward and of the definition, all arrays as one."""
    products = np.zeros(3)
    for name, a in numeric.items():
        b = differences(lambda value, name=name: total(case.douts, defined(
            case.part, case.dialect, {**case.arrays, name: value})), case.arrays[name])
        products += [np.sum(a * b), np.sum(a * a), np.sum(b * b)]
    return products[0] / np.sqrt(products[1] * products[2])
