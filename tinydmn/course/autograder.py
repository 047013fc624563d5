"""A Gradescope autograder: an archive that installs without a network, and what runs in it.

    python -m tinydmn.course.autograder SETTINGS SUBMISSION RESULTS        as run_autograder does it

It stands on Python and NumPy alone, and on what an assignment's parts want beside it: SciPy to
train a network, Numba to compile.  The archive has this package as a wheel, and the others' own
where pip could get them; else they must be installed where the archive is unpacked.
"""

import base64
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from .. import __version__
from ..errors import UserError
from ..writing import json_text, write_whole
from .assignments import ASSIGNMENTS
from .formats import text_of
from .grade import Grader

PACKAGE = Path(__file__).parents[1]
DATE = (1980, 1, 1, 0, 0, 0)   # of every member: the same files make the same archive
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64")
WAIT = 300                     # seconds for the others' wheels
NEEDED = {"numpy": "numpy>=1.26", "numba": "numba>=0.60", "scipy": "scipy>=1.11"}
TITLES = {"numpy": "NumPy", "numba": "Numba", "scipy": "SciPy"}
FAILED = "This could not be graded, which is no fault of yours; tell your teacher."

SETUP = """\
#!/usr/bin/env bash
# Unpacks what lies beside it; asks no network.  Python 3.11 or newer must be there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
fits='import sys, @PACKAGES@, tinydmn.course.grade; assert sys.version_info >= (3, 11)'
for python in python3 python3.14 python3.13 python3.12 python3.11; do
    command -v "$python" > /dev/null || continue
    for wheels in "wheels/*.whl" "wheels/tinydmn-*.whl"; do      # then with the machine's own
        rm -rf site
        for wheel in $wheels; do "$python" -m zipfile -e "$wheel" site; done
        if PYTHONPATH="$PWD/site" "$python" -c "$fits" 2> /dev/null; then
            command -v "$python" > python
            exit 0
        fi
    done
done
echo "no Python 3.11 or newer with @TITLES@; install them, or make the archive for this Python" >&2
exit 1
"""
RUN = """\
#!/usr/bin/env bash
# Grades the submission; whatever happens, there are results.
home=${AUTOGRADER:-/autograder}
export PYTHONPATH="$home/source/site"
python=$(cat "$home/source/python" 2> /dev/null || command -v python3)
mkdir -p "$home/results"
"$python" -m tinydmn.course.autograder "$home/source/settings.json" "$home/submission" \\
    "$home/results/results.json" || echo '@FAILED@' > "$home/results/results.json"
"""


def make(grader, python="3.12", numpy=True):
    """-> the archive's bytes, whether NumPy, and what else is wanted, is in it.  python: the
    version that they are for."""
    packages = wanted(grader.assignment)
    found = other_wheels(packages, python) if numpy else {}
    settings = {"assignment": grader.assignment.name, "seed": grader.seed,
                "student": grader.student, "seconds": grader.seconds}
    name, raw = wheel()
    setup = SETUP.replace("@PACKAGES@", ", ".join(packages)).replace("@TITLES@", titles(packages))
    files = {"setup.sh": setup, "run_autograder": RUN.replace("@FAILED@", failed()),
             "settings.json": json_text(settings) + "\n", f"wheels/{name}": raw}
    files |= {f"wheels/{name}": raw for name, raw in found.items()}
    return archive(files), bool(found)


def wanted(assignment):
    """The packages on which grading it stands."""
    more = {name for part, _ in assignment.parts for name in getattr(part, "wants", ())}
    return ["numpy", *sorted(more)]


def titles(packages):
    return " and ".join(map(TITLES.get, packages))


def failed():
    """The results where grading itself fails."""
    return json.dumps({"score": 0.0, "output": FAILED, "visibility": "visible", "tests": []})


def archive(files):
    """{name: text or bytes} -> a zip's bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            member = zipfile.ZipInfo(name, DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            program = name in ("setup.sh", "run_autograder")
            member.external_attr = (0o755 if program else 0o644) << 16
            file.writestr(member, content)
    return out.getvalue()


def wheel():
    """This very package -> the name and the bytes of its wheel."""
    about = f"tinydmn-{__version__}.dist-info"
    files = {f"tinydmn/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes()
             for path in sorted(PACKAGE.rglob("*"))
             if path.is_file() and "__pycache__" not in path.parts}
    files |= {f"{about}/METADATA": f"Metadata-Version: 2.1\nName: tinydmn\nVersion: {__version__}\n"
                                   "Requires-Python: >=3.11\nRequires-Dist: numpy>=1.26\n".encode(),
              f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tinydmn\nRoot-Is-Purelib: true\n"
                                b"Tag: py3-none-any\n"}
    lines = [f"{name},sha256={digest(raw)},{len(raw)}" for name, raw in files.items()]
    files[f"{about}/RECORD"] = "\n".join([*lines, f"{about}/RECORD,,", ""]).encode()
    return f"tinydmn-{__version__}-py3-none-any.whl", archive(files)


def digest(raw):
    return base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()


def other_wheels(packages, python):
    """Their wheels for Linux on x86_64, with what they need in turn -> {name: bytes}; none where
    pip cannot get them."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "pip", "download", *map(NEEDED.get, packages), "--quiet",
                 "--only-binary=:all:", "--implementation=cp", f"--python-version={python}",
                 *(f"--platform={platform}" for platform in PLATFORMS), "--dest", folder]
        try:
            subprocess.run(words, check=True, capture_output=True, timeout=WAIT)
        except (OSError, subprocess.SubprocessError):
            return {}
        return {path.name: path.read_bytes() for path in sorted(Path(folder).glob("*.whl"))}


def main(settings, submission, results):
    """Grades what was handed in and writes Gradescope's results."""
    about = json.loads(Path(settings).read_text(encoding="utf-8"))
    grader = Grader(ASSIGNMENTS[about["assignment"]], about["seed"], about["student"],
                    about["seconds"])
    report = grader.grade(submission)
    write_whole(results, text_of("gradescope", report))
    print(f"{report.points} of {report.most} points")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except UserError as error:
        sys.exit(f"tinydmn: {error}")
