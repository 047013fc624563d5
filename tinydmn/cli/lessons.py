"""write the lessons into a folder, as scripts and as notebooks

example:
  tinydmn lessons --out lessons/      then: python lessons/01_words_and_the_gru.py
                                      or:   jupyter lab lessons/01_words_and_the_gru.ipynb

Notebooks need jupytext: pip install 'tinydmn[notebooks]'.  Without it the scripts are written.
"""

import ast
from pathlib import Path

from ..errors import UserError, notice
from ..writing import check_place, write_whole
from .common import counted

SHARED = "common.py"           # what the lessons import: no lesson itself
# A notebook's first cell.  common.py lies beside it, or else where the package has its lessons, so
# that the working directory may be any.  It loads no Numba: lesson 10 chooses how Numba is loaded.
FIRST_CELL = """\
import sys
from pathlib import Path

import tinydmn

package = Path(tinydmn.__file__).parent    # the lessons' common.py, where none lies here
sys.path += [str(folder / "lessons") for folder in (package, package.parent)]"""


def add_arguments(parser):
    parser.add_argument("--out", required=True, metavar="DIR",
                        help="folder for scripts and notebooks; made where there is none")
    parser.add_argument("--overwrite", action="store_true", help="replace files of the same name")


def run(args):
    scripts = {path.name: path.read_text(encoding="utf-8")
               for path in sorted(folder().glob("*.py"))}
    try:
        notebooks = {Path(name).with_suffix(".ipynb").name: notebook(text)
                     for name, text in scripts.items() if name != SHARED}
    except ImportError:
        notebooks = {}
    files = {Path(args.out) / name: text for name, text in {**scripts, **notebooks}.items()}
    for path in files:                                     # all or none
        check_place(path, args.overwrite)
    for path, text in files.items():
        write_whole(path, text)
    kinds = "each as a script and as a notebook" if notebooks else "as scripts"
    print(f"{args.out}: {counted(len(scripts) - 1, 'lesson')}, {kinds}")
    if not notebooks:
        notice("notebooks", "no notebooks, as jupytext is not installed; "
                            "pip install 'tinydmn[notebooks]', and add --overwrite")


def folder():
    """The folder of the lessons' scripts: of the installed package, or of its checkout.

    Raises UserError where there is neither.
    """
    package = Path(__file__).parents[1]
    for place in (package / "lessons", package.parent / "lessons"):
        if (place / SHARED).is_file():
            return place
    raise UserError(f"{package}: its lessons are missing; install tinydmn again")


def notebook(script):
    """A lesson as a notebook -> JSON text, the same for the same script.

    script: Python in the percent format, "# %%" before a cell, "# %% [markdown]" before prose.
    Raises ImportError where jupytext is not installed.
    """
    import jupytext
    import nbformat

    book = jupytext.reads(script, fmt="py:percent")
    first = next(i for i, cell in enumerate(book.cells) if cell.cell_type == "code")
    book.cells.insert(first, nbformat.v4.new_code_cell(FIRST_CELL))
    for i, cell in enumerate(book.cells):
        cell.id = f"cell-{i}"                              # nbformat's own are random
        cell.metadata = {key: cell.metadata[key] for key in ("title",) if key in cell.metadata}
        if cell.cell_type == "code" and cell.source.endswith(")") \
                and isinstance(ast.parse(cell.source).body[-1], ast.Expr):
            cell.source += ";"                             # no Out[] for claim() and same()
    book.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3",
                                    "language": "python"},
                     "language_info": {"name": "python"}}
    return nbformat.writes(book) + "\n"
