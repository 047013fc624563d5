"""A training run as one .npz file: current and best parameters, Adam's moments, configuration,
vocabulary, epoch, random state.

It is read without pickle, so a file from a stranger cannot run code, and written to a temporary
file that is then renamed, so a kill leaves the last one.
"""

import json
import os
import zipfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..config import Config
from ..data.vocabulary import Vocabulary
from ..errors import UserError, kind_of
from ..model import DMN
from ..ops import load as load_operations
from ..parameters import shapes, views
from .loop import State

VERSION = 4
# fields of Config in version 3 -> their names now, and the values that were renamed
FORMER = {"word_length": "embedding_scale", "reading": "bidirectional",
          "teacher": "teacher_forcing",
          "choose_last": "selection_window", "keep": "ensemble", "shorten": "drop_facts",
          "rename": "permute_entities"}
FORMER_VALUES = {"bidirectional": {"forward": "no", "both": "yes"},
                 "teacher_forcing": {"correct": "yes", "predicted": "no"}}
VECTORS = ("theta", "best_theta", "m", "v")                # stored by parameter: "theta/input.W"


def save(path, model, state, about):
    """Writes path.  about: what the run was given (task, data, seed, ...), a dict for JSON.

    Raises UserError where the file cannot be written.
    """
    words = model.vocabulary
    meta = {
        "version": VERSION, "config": asdict(model.config),
        "words": words.words, "answers": words.answers, "features": words.features,
        "dtype": model.dtype.name, "rng": state.rng.bit_generator.state, "about": about,
        **{k: getattr(state, k) for k in ("step", "epoch", "best_epoch", "best", "history")},
        "runners_up": [(score, epoch) for score, epoch, _ in state.runners_up],
    }
    by_name = {name: v.shape for name, v in model.params.items()}
    vectors = {vector: getattr(state, vector) for vector in VECTORS}
    vectors |= {f"runner_up_{i}": theta for i, (_, _, theta) in enumerate(state.runners_up)}
    arrays = {f"{vector}/{name}": a for vector, theta in vectors.items()
              for name, a in views(theta, by_name).items()}
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            np.savez(file, meta=np.array(json.dumps(meta)), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); "
                        "give --out a file in a folder that you may write to") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def load(path, backend="numba"):
    """-> model (its best weights in params), State, about.

    Raises UserError for what is not a checkpoint of this version, or of the one before, and where
    the back end cannot run here.
    """
    path = Path(path)
    if (kind := kind_of(path)) == "folder":
        raise UserError(f"{path}: is a folder, not a checkpoint; give the .npz file in it")
    if kind is None:
        raise UserError(f"{path}: no such checkpoint; "
                        f"train one:  tinydmn train babi --task 1 --out {path}")
    load_operations(backend)           # where it cannot run, the file is not to blame
    again = "train again, or give another checkpoint"
    meta, arrays = _read(path, again)
    try:
        config = Config(**(_renamed(meta["config"]) if meta["version"] == 3 else meta["config"]))
        words = (tuple(meta[k]) for k in ("words", "answers", "features"))
        vocabulary = Vocabulary(*words, kind=config.answer)
        wanted = shapes(config, vocabulary)
        vectors = {}
        for vector in (*VECTORS, *(f"runner_up_{i}" for i in range(len(meta["runners_up"])))):
            parts = [arrays[f"{vector}/{name}"] for name in wanted]
            for (name, shape), part in zip(wanted.items(), parts):
                if part.shape != shape:
                    raise UserError(f"{vector}/{name} has shape {part.shape}, "
                                    f"its configuration asks for {shape}")
            joined = np.concatenate([np.ravel(part) for part in parts])
            vectors[vector] = joined.astype(meta["dtype"])
        rng = np.random.default_rng()
        rng.bit_generator.state = meta["rng"]
        runners_up = [(tuple(score), epoch, vectors.pop(f"runner_up_{i}"))
                      for i, (score, epoch) in enumerate(meta["runners_up"])]
        state = State(rng, **vectors, runners_up=runners_up, step=meta["step"],
                      epoch=meta["epoch"], best_epoch=meta["best_epoch"],
                      best=tuple(meta["best"]), history=meta["history"])
        model = DMN(config, vocabulary, backend, dtype=meta["dtype"])
        about = meta["about"]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: a part is missing or wrong ({error}); {again}") from error
    model.theta = state.best_theta
    return model, state, about


def _renamed(old):
    """The fields of Config in a checkpoint of version 3, under their names now."""
    new = {FORMER.get(name, name): value for name, value in old.items()}
    return {name: FORMER_VALUES.get(name, {}).get(value, value) for name, value in new.items()}


def _read(path, again):
    """-> meta (a dict), and name -> array of the file.  Raises as `load`."""
    meta = arrays = None
    try:
        with np.load(path, allow_pickle=False) as file:
            if isinstance(file, np.lib.npyio.NpzFile) and "meta" in file:
                meta = json.loads(str(file["meta"]))
            if isinstance(meta, dict) and meta.get("version") in (3, VERSION):
                arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, KeyError,
            zipfile.BadZipFile, zipfile.LargeZipFile) as error:
        pickled = zipfile.is_zipfile(path) and "pickle" in str(error).lower()
        what = ("holds pickled objects, which are never loaded" if pickled
                else "is truncated or no checkpoint")
        raise UserError(f"{path}: {what}; {again}") from error
    if not isinstance(meta, dict):
        raise UserError(f"{path}: not a tinydmn checkpoint (no array named meta); {again}")
    if arrays is None:
        raise UserError(f"{path}: checkpoint of version {meta.get('version')}, "
                        f"this tinydmn reads version {VERSION}; {again}")
    return meta, arrays
