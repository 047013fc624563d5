"""Many trainings: each one task, one setting, one seed, several side by side, and none twice.

The figures of a finished run become a small JSON file in a folder, its weights a checkpoint beside
it; the files' name holds a digest of its settings, so that it is found again and never taken for
another.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from _thread import interrupt_main
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from .. import __version__, threads
from ..config import Config
from ..data.story import Question, Story, asked, count_questions
from ..data.vocabulary import Vocabulary
from ..errors import UserError
from ..losses import right_answers
from ..model import DMN
from ..ops.failures import plainly
from ..parts import answer_of
from ..streams import settle
from ..tasks import gather, task_of, texts_of
from ..writing import json_text, write_whole
from . import checkpoint, loop, memory
from .evaluate import evaluate, outputs
from .material import batch_of, digest, share_of, unknown_words

LAYOUT = 2                     # of a run's JSON file; files of another layout are run again


@dataclass(frozen=True)
class Run:
    """One training: what the table makes of it, and all that it takes to make it again."""

    label: str                 # for people:  babi-2 plain
    places: list               # [(panel, row, series, figure)]: where its figures go in the table
    about: dict                # see tasks.about_run
    given: dict                # fields of Config

    @property
    def settings(self):
        """What decides its figures, as a dict that JSON can hold."""
        config = task_of(self.about).preset(self.about, self.given)
        # what plain means is in the config
        about = {k: v for k, v in self.about.items() if k != "plain"}
        return {"layout": LAYOUT, "about": about, "config": asdict(config)}

    @property
    def name(self):
        """Of its files, without their ending."""
        digest = sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()[:8]
        return f"{self.about['name']}-seed{self.about['seed']}-{digest}"


def finished(run, folder):
    """The contents of a run's JSON file; None where there is none, it cannot be read, or the texts
    have changed since: then it is run again."""
    settings = run.settings
    try:
        result = json.loads((Path(folder) / f"{run.name}.json").read_text(encoding="utf-8"))
        about = json.dumps(settings["about"] | {"vectors": None}, sort_keys=True)
        whole = result["valid"]["n"] and {"test", "seconds", "epochs"} <= result.keys()
        if result["settings"] == settings and whole and result["texts"] == _texts(about):
            return result
    except (OSError, ValueError, KeyError, TypeError):
        return None


@cache
def _texts(about):
    """The digests of a run's texts.  about: as JSON, so that texts of several runs are read once.
    """
    train, valid, test, *phrases = texts_of(json.loads(about))
    return digests(train, valid, test, *phrases)


def digests(train, valid, test, phrases=()):
    """By part, so that it can be seen whether two runs were asked the same questions."""
    return {"train": digest(train, phrases), "valid": digest(valid), "test": digest(test or [])}


def execute(run, folder, backend="numba"):
    """Trains, or resumes from the checkpoint in `folder`; writes NAME.json there.  -> its
    contents."""
    path = Path(folder) / f"{run.name}.npz"
    material = gather(run.about, **run.given)
    about = run.about | {"texts": material.digest}
    memory.check(material.train + material.valid, material.config, "float32", material.vocabulary)
    batches = {split: material.batch(stories) if stories else None
               for split, stories in (("valid", material.valid), ("test", material.test))}
    try:
        model, state, its = checkpoint.load(path, backend)
        same = model.config == material.config and model.vocabulary == material.vocabulary
        resumes = its == about and same
    except UserError:                                      # none there, or not one of this version
        resumes = False
    if not resumes:
        model, _ = material.network(backend, run.about["seed"])
        state = loop.start(model, run.about["seed"])
    loop.train(model, material.epoch, batches["valid"], state,
               lambda state: checkpoint.save(path, model, state, about))
    result = {"version": __version__, "settings": run.settings, "seed": run.about["seed"],
              "epochs": state.epoch, "best_epoch": state.best_epoch,
              "seconds": sum(epoch["seconds"] for epoch in state.history), "threads": model.threads,
              "n_train": count_questions(material.train),
              "texts": digests(material.train, material.valid, material.test, material.phrases)}
    trained_on = {text for story in material.train for text in asked(story)}
    for split, batch in batches.items():
        result[split] = None
        if batch:
            stories, unknown = getattr(material, split), None
            if answer_of(model.config).PER_WORD:
                unknown = unknown_words(batch, stories, material.train)
            result[split] = figures(model, batch, unknown, state.kept)
            in_train = [text in trained_on for story in stories for text in asked(story)]
            result[split]["n_in_train"] = sum(in_train)
    write_whole(path.with_suffix(".json"), json_text(result))
    return result


def figures(model, batch, unknown=None, kept=()):
    """Figures of a model on the Batch of a set, as shares of 1 -> dict.

    unknown: which words of tagged sentences training never saw, shape of batch.answer.  kept:
    weights of several epochs, for the figures named ensemble_...  Of whole answers "right" has a 1
    or a 0 for each question.
    """
    first, kind, answer = evaluate(model, batch), model.config.answer, answer_of(model.config)
    out = {"n": first.n_questions, "accuracy": first.answer_accuracy, "loss": first.loss,
           "gate_accuracy": first.gate_accuracy if np.isfinite(first.gate_accuracy) else None}
    if len(kept) > 1 and not answer.DECODED:
        out["ensemble_accuracy"] = evaluate(model, batch, thetas=kept).answer_accuracy
    if answer.PER_WORD:
        out["n_unknown"] = int(unknown.sum())
        for start, thetas in (("", None), ("ensemble_", kept))[:1 + (len(kept) > 1)]:
            out[start + "unknown"] = share_of(unknown, model, batch, thetas)
    else:
        right = [right_answers(found.answers, part, kind) for part, found in outputs(model, batch)]
        out["right"] = "".join("01"[r] for of_part in right for r in of_part.astype(int))
    return out


# ---- many runs, side by side ---------------------------------------------------------------------


def run_all(runs, folder, jobs, backend="numba", on_end=None):
    """Trains runs in processes of their own, `jobs` at a time; those already finished are skipped.

    on_end(run, result, problem) is called after each: problem is None or one line.  However this
    ends, no process stays behind, and finished runs stay.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made ({error.strerror}); "
                        "choose another --out") from None
    waiting = [run for run in runs if not finished(run, folder)]
    n_threads = max(1, threads.count() // max(1, min(jobs, len(waiting))))
    if backend == "numba" and jobs > 1 and len(waiting) > 1:
        compile_for(waiting)
    active, begun = [], []             # begun: runs with a log, one that is being started too
    try:
        while waiting or active:
            while waiting and len(active) < jobs:
                begun.append(waiting[0])
                active.append((waiting[0], _start(waiting[0], folder, backend, n_threads)))
                del waiting[0]
            for run, process in [pair for pair in active if pair[1].poll() is not None]:
                active.remove((run, process))
                _leave(process)
                outcome = _outcome(run, folder, process.returncode)
                begun.remove(run)
                on_end and on_end(run, *outcome)
            time.sleep(0.02)
    finally:
        for _, process in active:
            _leave(process)
        for _, process in active:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        for run in begun:
            (folder / f"{run.name}.log").unlink(missing_ok=True)


def _start(run, folder, backend, n_threads):
    """A worker process; its error messages go to NAME.log."""
    home = str(Path(__file__).parents[2])                  # it must find this package again
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    environment = {"TINYDMN_THREADS": str(n_threads), "PYTHONIOENCODING": "utf-8",
                   "PYTHONPATH": path}
    with open(folder / f"{run.name}.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tinydmn.training.runs"], stdin=subprocess.PIPE, stdout=log,
            stderr=log, encoding="utf-8", env=os.environ | environment)
    order = json.dumps({"run": asdict(run), "folder": str(folder), "backend": backend})
    try:
        print(order, file=process.stdin, flush=True)
    except OSError:
        process.wait()                 # it has gone already: its exit code and its log will say why
    except KeyboardInterrupt:
        _leave(process)
        process.wait()
        raise
    return process


def _leave(process):
    """A worker stops when nobody is left to ask for its work."""
    with suppress(OSError):            # it has gone already, without reading its order
        process.stdin.close()


def _outcome(run, folder, code):
    """-> the run's result, or None; what went wrong in one line, or None."""
    result, log = finished(run, folder), folder / f"{run.name}.log"
    if code == 0 and result:
        log.unlink()
        return result, None
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    killed = " (killed: out of memory?)" if code == -9 else ""
    return None, said[-1] if said else f"its process ended with exit code {code}{killed}"


def compile_for(runs):
    """One training step on a tiny set for each kind of network, so that processes side by side
    find the kernels compiled and do not write them at the same time."""
    tiny = [_tiny(run.settings["config"]) for run in runs]
    for settings in {json.dumps(config, sort_keys=True): config for config in tiny}.values():
        config = Config(**settings)
        facts = [["a", "b"]] if config.facts == "words" else [["a", "b"], ["b"]]
        answer = list(answer_of(config).EXAMPLE)
        question = Question(["c"], answer, len(facts), [0] if config.alpha else [])
        stories = [Story(facts, [question])] * 2
        vocabulary = Vocabulary.build(stories, config.answer, features=answer_of(config).PER_WORD)
        model, batch = DMN(config, vocabulary), batch_of(stories, vocabulary, config)
        loop.train(model, batch, batch, loop.start(model, 0))


def _tiny(config):
    return config | {"hidden": 4, "embedding": 4, "gate_hidden": 4, "epochs": 1, "gate_epochs": 0,
                     "passes": min(2, config["passes"]), "ensemble": 1}


def main():
    """A worker: the first line of its input is the run to train; when the input ends, the parent
    has gone."""
    # Ctrl-C in a terminal reaches every process of it: the parent decides
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settle()
    order = json.loads(sys.stdin.readline())

    def stop_with_parent():
        sys.stdin.read()
        interrupt_main(signal.SIGTERM)
    threading.Thread(target=stop_with_parent, daemon=True).start()
    threads.keep_freed_memory()
    try:
        with threads.interruptible(), plainly():
            execute(Run(**order["run"]), order["folder"], order["backend"])
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
