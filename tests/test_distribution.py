"""What is packed: the source distribution has all that its own tests need, the wheel the package alone."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import tinydmn

pytest.importorskip("setuptools", "70.1", reason="the first that packs a wheel by itself")

ROOT = Path(__file__).parents[1]
CODE = "import sys; from setuptools import build_meta; to = sys.argv[1]; build_meta.build_sdist(to); build_meta.build_wheel(to)"
SOURCES = {path.relative_to(ROOT).as_posix() for folder in ("tinydmn", "tests", "lessons") for path in (ROOT / folder).rglob("*.py") if "out" not in path.parts}
HANDOUTS = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lessons" / "assignments").glob("*.md")}
AT_THE_TOP = ("README.md", "LICENSE", "setup.cfg", "pyproject.toml", "MANIFEST.in", "tests/RESULTS.md", "tinydmn/py.typed", "tinydmn/play/page.html")


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """-> the source distribution, unpacked; the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    copy = folder / "copy"
    for name in (*SOURCES, *HANDOUTS, *AT_THE_TOP, *(path.relative_to(ROOT).as_posix() for path in (ROOT / "lessons").glob("*.png"))):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    built = subprocess.run([sys.executable, "-c", CODE, str(folder)], cwd=copy, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    archive, = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder / "unpacked", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    unpacked, = (folder / "unpacked").iterdir()
    wheel, = folder.glob("*.whl")
    return unpacked, wheel


def test_the_source_distribution_is_whole(packed):
    unpacked, _ = packed
    found = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert found >= SOURCES | HANDOUTS | set(AT_THE_TOP), sorted((SOURCES | HANDOUTS | set(AT_THE_TOP)) - found)
    assert not [name for name in found if "__pycache__" in name or name.startswith(("runs", ".hypothesis", "lessons/out"))]
    linked = {target for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / "README.md").read_text(encoding="utf-8"))}
    assert linked <= found | {name for name in linked if any(one.startswith(f"{name}/") for one in found)}   # pictures too


def test_its_tests_can_be_collected(packed):
    """In the archive alone, with the package that lies in it.  (The peers are left out: they load PyTorch and JAX.)"""
    unpacked, _ = packed
    environment = os.environ | {"PYTHONPATH": str(unpacked), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "-p", "no:cacheprovider", "--ignore=tests/peers"]
    done = subprocess.run(words, cwd=unpacked, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for path in (unpacked / "tests").glob("test_*.py"):
        assert f"tests/{path.name}" in done.stdout, path.name


def test_the_wheel_has_the_package_alone(packed):
    _, wheel = packed
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        entry_points = file.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    lessons = {f"tinydmn/{name}" for name in SOURCES | HANDOUTS if name.startswith("lessons/")}      # `tinydmn lessons` and `exercise` write them out
    assert {name for name in names if ".dist-info/" not in name} == {name for name in SOURCES if name.startswith("tinydmn/")} | lessons | {"tinydmn/py.typed", "tinydmn/play/page.html"}
    assert re.search(r"^tinydmn *= *tinydmn\.__main__:main$", entry_points, re.M)
    assert wheel.name.startswith(f"tinydmn-{tinydmn.__version__}-")


def test_an_installed_package_writes_its_lessons(packed, tmp_path):
    """From the wheel alone, in a folder that has nothing of the checkout."""
    _, wheel = packed
    with zipfile.ZipFile(wheel) as file:
        file.extractall(tmp_path / "installed")
    environment = {name: value for name, value in os.environ.items() if name != "TINYDMN_LESSON"} | {"PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run([sys.executable, "-m", "tinydmn", "lessons", "--out", "mine"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in SOURCES:
        if name.startswith("lessons/"):
            assert (tmp_path / "mine" / Path(name).name).read_text(encoding="utf-8") == (ROOT / name).read_text(encoding="utf-8")


def test_an_installed_package_hands_out_its_assignments(packed, tmp_path):
    _, wheel = packed
    with zipfile.ZipFile(wheel) as file:
        file.extractall(tmp_path / "installed")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run([sys.executable, "-m", "tinydmn", "exercise", "a2", "--out", "mine"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine" / "a2.md").read_text(encoding="utf-8").startswith("# a2") and (tmp_path / "mine" / "a2.py").is_file()
