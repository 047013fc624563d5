"""versions, threads, BLAS, cache folder, which operation comes from which back end"""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from .. import __version__, ops, threads
from ..ops import cache_folder, cache_problem, not_kept
from ..ops.device import description
from ..terminal import wrap
from .common import add_json, print_json

PACKAGES = ("numpy", "numba", "scipy", "threadpoolctl", "matplotlib", "tqdm", "wcwidth", "nltk",
            "numba-cuda", "torch", "jax")


def add_arguments(parser):
    add_json(parser)


def run(args):
    figures = {"tinydmn": __version__, "python": platform.python_version(),
               "system": platform.platform(), "processor": processor()}
    for package in PACKAGES:
        try:
            figures[package] = version(package)
        except PackageNotFoundError:
            figures[package] = None
    problem = cache_problem()
    figures |= {"cores": os.cpu_count(), "threads": threads.count(), "blas": threads.blas_names(),
                "cuda": description(),
                "cache": None if problem else str(cache_folder()),
                "cache_problem": problem and not_kept(problem),
                "folder": os.path.dirname(sys.modules["tinydmn"].__file__)}
    loaded = {backend: ops.load(backend) for backend in ops.BACKENDS}
    if args.json:
        sources = {backend: dict(operations.source) for backend, operations in loaded.items()}
        print_json(figures | {"operations": sources})
        return
    without = {"cache": "nowhere", "cache_problem": "none"}
    for name, value in figures.items():
        print(f"{name:14} {without.get(name, 'not installed') if value is None else value}")
    for backend, operations in loaded.items():
        source = operations.source.items()
        for layer in operations.layers:
            names = dict.fromkeys(ops.stem(name) for name, one in source if one == layer)
            head = f"{backend} operations" if layer == backend else f"  taken from {layer}"
            print(head, *wrap(" ".join(names), 80, " " * 15), sep="\n")


def processor():
    """The processor's name, where the system gives it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            names = (line.split(":")[1].strip() for line in file if line.startswith("model name"))
            return next(names)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
