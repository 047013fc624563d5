"""How well the checker finds and names mistakes, over the files of tests/course: `python -m tests.course.table [PART ...] [--all]`

Each part: the right files and how many of them pass, the wrong ones and how many are found in this part, for how many the
first line names the kind of mistake, in how many lines they are told.  Below, those that are named otherwise, and by --all
what is said of each."""

import sys

import numpy as np

from tinydmn.course.checking import check_part
from tinydmn.course.dialect import PAPER

from .local import Local
from .solutions import FAST, PARTS, WHOLE, right
from .wrong import wrong


def findings(part, source, seed=0, dialect=PAPER):
    with np.errstate(all="ignore"):
        return check_part(Local(source), part, dialect, np.random.default_rng(seed))


def category(finding):
    return finding.kind.partition(":")[0]


def row(part):
    """-> counts of a part, and [(what, kinds, findings)] of its wrong files."""
    rights = [findings(part, source) for source in right(part.name).values()]
    wrongs = [(what, kinds, findings(part, source)) for what, source, kinds in wrong(part.name)]
    found = [w for w in wrongs if w[2]]
    named = [w for w in found if category(w[2][0]) in w[1]]
    lines = sum(len(w[2]) for w in found) / max(len(found), 1)
    return (len(rights), sum(not f for f in rights), len(wrongs), len(found), len(named), lines), wrongs


def main(words):
    parts = PARTS | WHOLE | FAST
    every, chosen = "--all" in words, [word for word in words if word in parts] or list(parts)
    rows = {name: row(parts[name]) for name in chosen}
    print("| part | right | pass | wrong | found | named | share | lines each |\n|---|---|---|---|---|---|---|---|")
    for name, (counts, _) in rows.items():
        r, passed, n, found, named, lines = counts
        print(f"| {name} | {r} | {passed} | {n} | {found} | {named} | {100 * named / n:.0f} % | {lines:.1f} |")
    for name, (_, wrongs) in rows.items():
        for what, kinds, said in wrongs:
            if every or not said or category(said[0]) not in kinds:
                print(f"\n{name}/{what}   [{' or '.join(kinds)}]", *(f"    {f}" for f in said or ["NOT FOUND"]), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
