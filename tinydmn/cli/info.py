"""versions, threads, BLAS, cache folder: what to add to a question or a bug report"""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from .. import __version__, threads
from ..ops import cache_folder, cache_problem, not_kept
from .common import add_json, print_json

PACKAGES = ("numpy", "numba", "scipy", "threadpoolctl", "matplotlib", "tqdm", "wcwidth", "nltk", "torch", "jax")


def add_arguments(parser):
    add_json(parser)


def run(args):
    figures = {"tinydmn": __version__, "python": platform.python_version(), "system": platform.platform(), "processor": processor()}
    for package in PACKAGES:
        try:
            figures[package] = version(package)
        except PackageNotFoundError:
            figures[package] = None
    problem = cache_problem()
    figures |= {"cores": os.cpu_count(), "threads": threads.count(), "blas": threads.blas_names(), "cache": None if problem else str(cache_folder()),
                "cache_problem": problem and not_kept(problem), "folder": os.path.dirname(sys.modules["tinydmn"].__file__)}
    if args.json:
        print_json(figures)
        return
    without = {"cache": "nowhere", "cache_problem": "none"}
    for name, value in figures.items():
        print(f"{name:14} {without.get(name, 'not installed') if value is None else value}")


def processor():
    """The processor's name, where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
