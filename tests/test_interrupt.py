"""Ctrl-C, whenever it comes: one line, exit code 130, nothing half written.  And `tinydmn ... | head`: silence.

Commands run in processes of their own.  A driver runs many of them one after another, as `python -m tinydmn` would, and sends Ctrl-C at a random
moment after each has begun: on a slow machine it finds the command at another place, and that is all.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest

from tinydmn.cli import main
from tinydmn.training import checkpoint

ROOT = Path(__file__).parents[1]
SMALL = ("--hidden", "4", "--embedding", "4", "--gate-hidden", "4", "--passes", "1", "--gate-epochs", "0", "--quiet")
TRAIN = ("train", "babi", "--data", "data", "--out", "out/c.npz", "--epochs", "900000", "--patience", "900000", *SMALL)

# command; threads; how often; within how many seconds (after it has begun; "train" after it has left something to go on from); what makes it end soon,
# for a first time in which its kernels are loaded; what is typed
COMMANDS = {
    "train": (TRAIN, 1, 20, 0.2, ("--epochs", "2", "--patience", "2"), None),
    "train, two threads": (TRAIN, 2, 5, 0.2, ("--epochs", "2", "--patience", "2", "--overwrite"), None),
    "a train that begins": (TRAIN, 1, 5, 0.1, None, None),
    "eval": (("eval", "a.npz", "--stories", "20"), 1, 4, 0.4, ("--json",), None),
    "ask": (("ask", "a.npz"), 1, 4, 0.4, ("--json",), "typed.txt"),
    "ask, nothing typed": (("ask", "a.npz"), 1, 1, 0.1, None, None),
    "gradcheck": (("gradcheck", "a.npz", "--entries", "1000000"), 1, 4, 0.4, ("--entries", "1"), None),
    "table": (("table", "1", "--quick", "--tasks", "1", "--variants", "plain", "--seeds", *map(str, range(40)), "--jobs", "1", "--out", "out"),
              1, 2, 2.0, None, None),
    "bench": (("bench", "--tasks", "1", "--stories", "2", "--episode", "softmax", "--rounds", "1000"), 1, 2, 2.0, None, None),
}

DRIVER = r"""
import json, os, random, shutil, signal, sys, threading
from pathlib import Path
import tinydmn.__main__ as program
from tinydmn import cli
from tinydmn.cli import evaluate
from tinydmn.training import checkpoint

rng = random.Random(0)
silence, _ = os.pipe()                                     # somebody who types nothing

def run(words, typed=None):
    # a command as a process would run it -> exit code, what it wrote to stderr
    sys.argv = ["tinydmn", *words]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    kept = [os.dup(fd) for fd in (1, 2)]
    with open("stdout", "w") as out, open("stderr", "w") as err, (open(typed) if typed else open(silence, closefd=False)) as sys.stdin:
        os.dup2(out.fileno(), 1), os.dup2(err.fileno(), 2)
        try:
            code = program.main()
        finally:
            for fd, file in zip((1, 2), kept):
                os.dup2(file, fd), os.close(file)
    return code, Path("stderr").read_text()

def interrupted(words, span, typed, module, name):
    # the same, and Ctrl-C for all its processes, as from a terminal, within `span` seconds after module.name was called
    ctrl_c = threading.Timer(rng.uniform(0, span), os.killpg, (0, signal.SIGINT))
    ctrl_c.daemon = True
    right = getattr(module, name)

    def begun(*given):
        found = right(*given) if module is checkpoint else None
        if ctrl_c.ident is None:
            ctrl_c.start()
        return found if module is checkpoint else right(*given)
    setattr(module, name, begun)
    code, said = run(words, typed)
    setattr(module, name, right)
    late = ctrl_c.is_alive()
    ctrl_c.cancel()
    ctrl_c.join()
    return {"code": code, "said": said, "late": late}

def for_ever(once):
    return lambda *args, **more: [once(*args, **more) for _ in range(10**9)]

for name, (words, threads, times, span, soon, typed) in json.loads(sys.argv[1]).items():
    os.environ["TINYDMN_THREADS"] = str(threads)
    if soon:
        code, said = run([*words, *soon], os.devnull)
        assert code in (0, 2), said
    if name == "eval":
        evaluate.evaluate = for_ever(evaluate.evaluate)
    for _ in range(times):
        shutil.rmtree("out", ignore_errors=True)
        os.mkdir("out")
        found = interrupted(words, span, typed, *((checkpoint, "save") if name.startswith("train") else (cli.module_of(words[0]), "run")))
        print(json.dumps(found | {"name": name, "files": sorted(os.listdir("out"))}), flush=True)
    shutil.copytree("out", name)
"""


def heed_ctrl_c():
    """In a new process: a shell's background job begins with it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def started(*words, **more):
    """A Python process in a session of its own, as in a terminal of its own."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONUNBUFFERED", "TINYDMN_THREADS")}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH"))))
    return subprocess.Popen([sys.executable, *map(str, words)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment,
                            start_new_session=True, preexec_fn=heed_ctrl_c, **{"stdout": subprocess.PIPE} | more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four stories to train on, so that an epoch takes a moment and ends in a checkpoint; a network that has learnt them; what is typed to it."""
    folder = tmp_path_factory.mktemp("interrupt")
    assert main(["data", "--task", "1", "--stories", "4", "--out", str(folder / "data")]) == 0
    train, valid = sorted((folder / "data").glob("*.txt"))
    valid.write_text(train.read_text())
    assert main(["train", "babi", "--data", str(folder / "data"), "--epochs", "1", "--out", str(folder / "a.npz"), *SMALL]) == 0
    (folder / "typed.txt").write_text("1 Mary went to the garden.\n2 Where is Mary?\n" * 100_000)
    return folder


@pytest.fixture(scope="module")
def stopped(folder):
    """{command: what each of its interrupted runs ended with}."""
    process = started("-c", DRIVER, json.dumps(COMMANDS), cwd=folder)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    found = {}
    for line in out.splitlines():
        ended = json.loads(line)
        found.setdefault(ended["name"], []).append(ended)
    return found | {"group": process.pid}


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_at_random_moments_is_one_line_and_130(stopped, name):
    assert len(stopped[name]) == COMMANDS[name][2]
    for ended in stopped[name]:
        lines = [line for line in ended["said"].splitlines() if not line.endswith("the first minute may go into compiling")]       # table says what it is about to do
        assert ended["code"] == 130 and len(lines) == 1 and "stopped" in lines[0] and not ended["late"], ended
        assert not [file for file in ended["files"] if file.endswith((".tmp", ".log"))], ended       # nothing half written


@pytest.mark.parametrize("name", ["train", "train, two threads"])
def test_an_interrupted_training_goes_on(stopped, folder, name):
    assert all(ended["files"] == ["c.npz"] for ended in stopped[name])
    assert any("go on with --resume" in ended["said"] for ended in stopped[name])
    left = folder / name / "c.npz"
    assert left.is_file()
    done = checkpoint.load(left)[1].epoch
    assert main(["train", "babi", "--resume", "--data", str(folder / "data"), "--out", str(left), "--epochs", str(done + 1), "--quiet"]) == 0
    assert checkpoint.load(left)[1].epoch == done + 1


def test_no_process_of_a_benchmark_or_of_a_table_stays_behind(stopped):
    for _ in range(600):
        try:
            os.killpg(stopped["group"], 0)                 # is there anyone?
        except ProcessLookupError:
            return
        sleep(0.1)
    pytest.fail("processes stay behind")


def test_ctrl_c_stops_a_training_process_that_shows_its_epochs(folder, tmp_path):
    words = [w for w in TRAIN if w != "--quiet"]
    process = started("-m", "tinydmn", *words, "--out", tmp_path / "c.npz", cwd=folder)
    said = [process.stderr.readline() for _ in range(3)]   # a line an epoch
    assert all(line.startswith("epoch") for line in said), said
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    last = [line for line in err.splitlines() if not line.startswith("epoch")]
    assert process.returncode == 130 and len(last) == 1 and "go on with --resume" in last[0] and not out, (out, err)
    assert os.listdir(tmp_path) == ["c.npz"] and checkpoint.load(tmp_path / "c.npz")[1].epoch >= 2


# while the package is being loaded, Ctrl-C comes when the k-th module is looked for, and in a place that makes another error of it, as C code may
LOADING = r"""
import os, signal, sys, time
class CtrlC:
    left = int(sys.argv[1])
    def find_spec(self, name, *_):
        if "tinydmn.cli" in sys.modules:
            self.left -= 1
            if self.left == 0:
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(0.1)
                except KeyboardInterrupt:
                    raise ImportError("multiarray failed to import")
sys.meta_path.insert(0, CtrlC())
sys.argv = ["tinydmn", "info"]
import runpy
runpy.run_module("tinydmn", run_name="__main__", alter_sys=True)
"""


# while a command runs, Ctrl-C comes in the middle of an import, or in a function from which nothing can be raised: it is not lost
BAD_MOMENTS = {
    "import": r"""
import os, signal, sys
import tinydmn.__main__ as program
class CtrlC:
    def find_spec(self, name, *_):
        if name == "tinydmn.ops.gru_numba":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, CtrlC())
sys.argv = ["tinydmn", "gradcheck", "--backend", "numba"]
sys.exit(program.main())
""", "destructor": r"""
import os, signal, sys, time
import tinydmn.__main__ as program
from tinydmn.cli import info
class Fleeting:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
def run(args):
    Fleeting()
    time.sleep(60)
info.run = run
sys.argv = ["tinydmn", "info"]
sys.exit(program.main())
"""}


@pytest.mark.parametrize("moment", BAD_MOMENTS)
def test_ctrl_c_at_a_bad_moment_comes_again(moment, tmp_path):
    process = started("-c", BAD_MOMENTS[moment], cwd=tmp_path)
    out, err = process.communicate(timeout=120)
    command = {"import": "gradcheck", "destructor": "info"}[moment]
    assert (process.returncode, err, out) == (130, f"tinydmn {command}: stopped\n", "")


@pytest.mark.parametrize("k", [1, 40, 250])
def test_ctrl_c_while_the_package_is_loading(k, tmp_path):
    process = started("-c", LOADING, k, cwd=tmp_path)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "") and err in ("tinydmn: stopped\n", "tinydmn info: stopped\n")      # a command loads its own


def test_a_background_job_goes_on_after_ctrl_c(tmp_path):
    """A shell lets it ignore Ctrl-C, which is meant for what stands in the foreground."""
    ignoring = LOADING.replace("import os, signal, sys, time", "import os, signal, sys, time; signal.signal(signal.SIGINT, signal.SIG_IGN)")
    process = started("-c", ignoring, 1, cwd=tmp_path)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "") and "tinydmn" in out


@pytest.mark.parametrize("words", [("info",), ("info", "--json"), ("--help",)])
def test_a_reader_that_has_gone_is_no_error(words, tmp_path):
    """`tinydmn ... | head`: what is written when nobody reads any more goes nowhere, and no line is said about it."""
    reads, writes = os.pipe()
    os.close(reads)
    process = started("-m", "tinydmn", *words, cwd=tmp_path, stdout=writes)
    os.close(writes)
    assert (process.communicate(timeout=120)[1], process.returncode) == ("", 0)
