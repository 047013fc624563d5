"""Plants the mistakes of tests/mutants one at a time in a scratch copy and runs the tests that should see them.

    python -m tests.mutants                          all of them (one to two hours on 2 cores)
    python -m tests.mutants --only 'training/*'      those of which NAME or file fits a pattern
    python -m tests.mutants --sample 12              every so many, twelve in all: for a look, and for CI
    python -m tests.mutants --list                   the table, nothing planted

Exit code 1 where one is not seen or no longer applies to the source.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter

from tinydmn.ops import cache_folder

from . import ROOT, problem, table

LIMIT = 900                    # seconds that the tests of one mutant may take; one that hangs them is seen
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.M)


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="GLOB", help="of the file, or of FILE: WHAT; may be given several times")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="at a time, each in a copy of its own (default: the cores)")
    parser.add_argument("--sample", type=int, metavar="N", help="only N, evenly spread over the table")
    parser.add_argument("--no-baseline", action="store_true", help="do not first run the same tests without a mistake")
    parser.add_argument("--list", action="store_true", help="print the table")
    args = parser.parse_args(argv)
    chosen = [mutant for mutant in table() if not args.only or any(fits(mutant, pattern) for pattern in args.only)]
    if args.sample and args.sample < len(chosen):
        chosen = [chosen[i * len(chosen) // args.sample] for i in range(args.sample)]
    if not chosen:
        parser.error("no mutant fits; see --list")
    if args.list:
        print(*(f"{mutant.name}   <- {mutant.tests}" + f"   (harmless: {mutant.harmless})" * bool(mutant.harmless) for mutant in chosen), sep="\n")
        return 0
    return 0 if report(chosen, run(chosen, max(1, args.jobs), not args.no_baseline)) else 1


def fits(mutant, pattern):
    return any(fnmatch(text, pattern) for text in (mutant.file, mutant.file.removeprefix("tinydmn/"), mutant.name))


def run(mutants, jobs, baseline):
    """-> {mutant: (verdict, by which test or why)}; the verdicts are "seen", "NOT SEEN", "DOES NOT APPLY" and "harmless"."""
    verdicts = {mutant: ("DOES NOT APPLY", problem(mutant)) for mutant in mutants if problem(mutant)}
    verdicts |= {mutant: ("harmless", mutant.harmless) for mutant in mutants if mutant.harmless and mutant not in verdicts}
    waiting = [mutant for mutant in mutants if mutant not in verdicts]
    with tempfile.TemporaryDirectory(prefix="tinydmn-mutants-") as scratch:
        copies = SimpleQueue()
        for i in range(min(jobs, len(waiting))):
            copy = copy_to(Path(scratch) / f"copy{i}")
            if cache_folder() and cache_folder().is_dir():             # named by the sources: what is planted in a kernel compiles anew, the rest need not
                shutil.copytree(cache_folder(), kernels_of(copy) / "tinydmn" / cache_folder().name, ignore=shutil.ignore_patterns("*.tmp"))
            copies.put(copy)

        def one(mutant):
            copy = copies.get()
            began = perf_counter()
            try:
                verdict = plant(mutant, copy)
            finally:
                copies.put(copy)
            print(f"{verdict[0]:9} {mutant.name}   {verdict[1]}   {perf_counter() - began:.0f} s", flush=True)
            return verdict
        if baseline and waiting:
            copy = copies.get()
            for simulated in sorted({mutant.simulated for mutant in waiting}):
                every = sorted({test for mutant in waiting if mutant.simulated == simulated for test in mutant.tests.split()})
                print(f"without a mistake: {len(every)} files and tests{' in the simulator' * simulated} ...", flush=True)
                code, said = pytest(every, copy, LIMIT * 4, simulated)
                if code:
                    sys.exit(f"these tests fail, or none of them runs, without any mistake (pytest's exit code {code}):\n{said[-3000:]}")
            copies.put(copy)
        with ThreadPoolExecutor(max(1, min(jobs, len(waiting)))) as pool:
            verdicts |= dict(zip(waiting, pool.map(one, waiting)))
    return verdicts


def copy_to(folder):
    """The checkout, as git sees it, in a folder of its own."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():                        # one that was deleted and not yet committed is none
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    return folder


def kernels_of(copy):
    """Where its processes keep what they compile: beside the copy, of which git knows nothing."""
    return copy.parent / (copy.name + "-kernels")


def plant(mutant, copy):
    """-> verdict, and by which test."""
    path = copy / mutant.file
    right, stat = path.read_bytes(), path.stat()
    try:
        path.write_text(path.read_text(encoding="utf-8").replace(mutant.old, mutant.new), encoding="utf-8")
        code, said = pytest(mutant.tests.split(), copy, LIMIT, mutant.simulated)
    finally:
        path.write_bytes(right)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))            # compiled kernels stay those of this file
    if code == 0:
        return "NOT SEEN", "by " + mutant.tests
    if code == 5:
        return "NOT SEEN", "no test ran: " + mutant.tests
    found = FAILED.search(said)
    if code is not None and not (found and "::" in found[1]) and pytest([*mutant.tests.split(), "--collect-only"], copy, LIMIT, mutant.simulated)[0]:
        return "NOT SEEN", "its tests cannot be collected without the mistake either: " + mutant.tests
    return "seen", "by " + (found[1] if found else "the limit of time" if code is None else "a test that cannot be collected")


def pytest(tests, copy, limit, simulated=False):
    """-> pytest's exit code (None: it ran too long), what it printed."""
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": str(kernels_of(copy))}
    words = [sys.executable, "-m", "pytest", "-x", "-rfE", "-n0", "-p", "no:cacheprovider", *["-m", "gpu"] * simulated, *tests]
    environment |= {"NUMBA_ENABLE_CUDASIM": "1"} if simulated else {}
    try:
        done = subprocess.run(words, cwd=copy, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=limit)
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout + done.stderr


def report(mutants, verdicts):
    """Prints a line a folder, and all that is not as it should be.  -> whether all is."""
    folder = lambda mutant: str(Path(mutant.file).parent).removeprefix("tinydmn/")
    count = Counter((folder(mutant), verdicts[mutant][0]) for mutant in mutants)
    kinds = ("seen", "NOT SEEN", "DOES NOT APPLY", "harmless")
    print(f"\n{'folder':22}{'planted':>9}{'seen':>7}{'not seen':>10}{'not applied':>13}{'harmless':>10}")
    for name in [*sorted({folder(mutant) for mutant in mutants}), "all"]:
        n = [sum(k for (where, verdict), k in count.items() if verdict == kind and name in ("all", where)) for kind in kinds]
        print(f"{name:22}{n[0] + n[1]:9}{n[0]:7}{n[1]:10}{n[2]:13}{n[3]:10}")
    wrong = [mutant for mutant in mutants if verdicts[mutant][0] not in ("seen", "harmless")]
    for mutant in wrong:
        print(f"{verdicts[mutant][0]}: {mutant.name}   {verdicts[mutant][1]}")
    return not wrong


if __name__ == "__main__":
    sys.exit(main())
