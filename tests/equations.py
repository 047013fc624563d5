"""README's table of equations, made from the sources:  python -m tests.equations  writes it anew.

A line computes equation (n) where its comment begins with (n), and differentiates it where its
comment says through ... (n).
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMES = {1: "update gate z", 2: "reset gate r", 3: "candidate h̃", 4: "state h", 5: "features z(c, m, q)", 6: "gate G", 7: "gated step", 8: "episode e",
         9: "answer y", 10: "decoder a"}
FILES = {**dict.fromkeys((1, 2, 3, 4), "gru"), **dict.fromkeys((5, 6), "gate"), **dict.fromkeys((7, 8), "episode"), **dict.fromkeys((9, 10), "answer")}
BEGIN, END = "<!-- equations -->", "<!-- /equations -->"


def lines_of(equation):
    """-> the file, below the root, and the lines (from 1) that compute and differentiate an equation.  Raises LookupError where there is none."""
    path = f"tinydmn/ops/{FILES[equation]}_numpy.py"
    comments = [line.partition("  # ")[2].strip() for line in (ROOT / path).read_text(encoding="utf-8").splitlines()]
    found = []
    for wanted in (rf"\({equation}\)", rf".*through [^#]*\({equation}\)"):
        numbers = [n for n, comment in enumerate(comments, 1) if re.match(wanted, comment)]
        if not numbers:
            raise LookupError(f"{path}: no comment of a line says {wanted}")
        found.append(numbers[0])
    return path, *found


def table():
    """The table in Markdown."""
    rows = ["| equation of the paper | computed | differentiated |", "|---|---|---|"]
    for equation, name in NAMES.items():
        path, *numbers = lines_of(equation)
        links = [f"[`{Path(path).name}:{n}`]({path}#L{n})" for n in numbers]
        rows.append(f"| ({equation}) {name} | {links[0]} | {links[1]} |")
    return "\n".join(rows)


def written(readme):
    """README with its table made anew."""
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
