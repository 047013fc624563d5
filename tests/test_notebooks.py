"""The lessons as notebooks: each converts, and runs in a kernel as its script does; `tinydmn lessons` writes both."""

import base64
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tinydmn.cli import lessons, main
from tinydmn.errors import UserError

LESSONS = Path(__file__).parents[1] / "lessons"
SCRIPTS = sorted(path for path in LESSONS.glob("*.py") if path.name != "common.py")
QUICK = ("03b_back_through_an_episode", "10_fast_on_the_gpu", *(pytest.param(name, marks=pytest.mark.slow) for name in ("01_words_and_the_gru", "02_back_through_time")))    # the others train
needs_jupytext = pytest.mark.skipif(importlib.util.find_spec("jupytext") is None, reason="jupytext is not installed: pip install 'tinydmn[notebooks]'")
needs_kernel = pytest.mark.skipif(any(importlib.util.find_spec(name) is None for name in ("jupytext", "nbclient", "ipykernel")),
                                  reason="jupytext, nbclient and ipykernel are not all installed: pip install 'tinydmn[notebooks]'")


def executed(path, folder, monkeypatch, options="--quick"):
    """A notebook, run from a folder that holds nothing of the lessons -> its cells' outputs, those of each cell a list."""
    import nbclient
    import nbformat

    monkeypatch.setenv("TINYDMN_LESSON", options)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(LESSONS.parent), os.environ.get("PYTHONPATH", "")]))
    book = nbformat.reads(lessons.notebook(path.read_text(encoding="utf-8")), 4)
    nbclient.NotebookClient(book, timeout=600, coalesce_streams=True, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in book.cells if cell.cell_type == "code"]


def printed(outputs, stream="stdout"):
    return "".join(output.text for cell in outputs for output in cell if output.output_type == "stream" and output.name == stream)


def check_notebook(name, tmp_path, monkeypatch):
    """A notebook says what its script says, without the headings that stand in its Markdown; shows its pictures; and is no roll of progress bars."""
    outputs = executed(LESSONS / f"{name}.py", tmp_path, monkeypatch)
    said = printed(outputs)
    assert "NOT the same" not in said and "What you saw" in said and printed(outputs, "stderr") == ""
    pictures = [base64.b64decode(output.data["image/png"]) for cell in outputs for output in cell if output.output_type == "display_data"]
    named = re.findall(r"^picture: (.*)$", said, re.M)
    assert pictures and pictures == [(tmp_path / path).read_bytes() for path in named] and {Path(path).parent for path in named} == {Path("out")}
    assert all(len(cell) <= 2 * len(pictures) + 1 for cell in outputs)
    assert not [output for cell in outputs for output in cell if output.output_type not in ("stream", "display_data")]      # nor the value of a last line
    assert not re.search(r"^\d\. .* -{3,}$", said, re.M) and "\r" not in said and said.count("epoch  ") <= 2
    return said


@needs_kernel
@pytest.mark.parametrize("name", QUICK)
def test_a_lesson_runs_as_a_notebook(name, tmp_path, monkeypatch):
    said = check_notebook(name, tmp_path / "", monkeypatch)
    script = subprocess.run([sys.executable, str(LESSONS / f"{name}.py"), "--quick", "--out", str(tmp_path / "out")], cwd=tmp_path, capture_output=True, text=True)
    without_headings = re.sub(r"^\n\d\. .*\n", "", script.stdout, flags=re.M)
    assert said == without_headings


@needs_kernel
@pytest.mark.slow
@pytest.mark.parametrize("name", [path.stem for path in SCRIPTS if path.stem not in QUICK])
def test_a_lesson_that_trains_runs_as_a_notebook(name, tmp_path, monkeypatch):
    check_notebook(name, tmp_path, monkeypatch)


@needs_kernel
def test_a_notebook_shows_one_line_where_a_terminal_shows_a_bar(tmp_path, monkeypatch):
    """And takes its options from the environment, not from Jupyter's command line."""
    script = tmp_path / "a.py"
    script.write_text("""# %%
from common import options, run_training
from tinydmn import DMN, Config, Vocabulary, generate, make_batch
import numpy as np
args = options("a lesson")
stories = generate(1, 12, np.random.default_rng(args.seed))
vocabulary = Vocabulary.build(stories)
batch = make_batch(stories, vocabulary)
config = Config(hidden=4, embedding=4, gate_hidden=4, passes=1, epochs=5, patience=9)
# %%
state = run_training(DMN(config, vocabulary), batch, batch, args.seed)
# %%
print(args.quick, args.seed, args.out, state.epoch)
""")
    _, _, trained, last = executed(script, tmp_path, monkeypatch, "--seed 3")
    assert re.fullmatch(r"  5 epochs, best on validation: \d, \d+\.\d % of the answers\n", printed([trained])) and len(trained) == 1
    assert printed([last]) == "False 3 out 5\n"


@needs_jupytext
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_each_lesson_is_a_notebook(path):
    import nbformat

    text = lessons.notebook(path.read_text(encoding="utf-8"))
    book = nbformat.reads(text, 4)
    nbformat.validate(book)
    assert text == lessons.notebook(path.read_text(encoding="utf-8")) and str(Path.home()) not in text and str(LESSONS.parent) not in text
    kinds = [cell.cell_type for cell in book.cells]
    prose = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
    assert kinds[:2] == ["markdown", "code"] and book.cells[1].source == lessons.FIRST_CELL and kinds.count("code") >= 6
    assert prose[0].startswith("# Lesson ") or prose[0].startswith("# Other questions")
    assert any("$$" in source for source in prose), "its equations"
    headed = [source.splitlines()[0] for source in prose if source.startswith("## ")]
    scenes = [cell.metadata["title"] for cell in book.cells if re.match(r"\d\. ", cell.metadata.get("title", ""))]
    assert [head.removeprefix("## ") for head in headed] == scenes, "each scene has its heading in Markdown"
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    assert len(re.findall(r"^predict\(", code, re.M)) >= 2 and code.rstrip().endswith(");") and "\noutcomes(" in code
    compile(code, path.name, "exec")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_prediction_stands_before_its_result_and_outcomes_at_the_end(path):
    source = path.read_text(encoding="utf-8")
    assert source.rstrip()[source.rstrip().rindex("\noutcomes("):].count("\nprint") == 0
    after = re.findall(r"^predict\((?:.|\n)*?\)\n(.*)", source, re.M)
    assert all(line.strip() in ("", ) for line in after) and re.search(r"^predict\((?:.|\n)*?\)\n\n+# %%", source, re.M)


# ---- tinydmn lessons ----

@needs_jupytext
def test_lessons_are_written_beside_the_package(tmp_path, capsys):
    assert main(["lessons", "--out", str(tmp_path / "a" / "b")]) == 0
    assert capsys.readouterr() == (f"{tmp_path / 'a' / 'b'}: {len(SCRIPTS)} lessons, each as a script and as a notebook\n", "")
    found = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "a" / "b").iterdir()}
    assert set(found) == {path.name for path in SCRIPTS} | {path.with_suffix(".ipynb").name for path in SCRIPTS} | {"common.py"}
    for path in SCRIPTS:
        assert found[path.name] == path.read_text(encoding="utf-8") and found[path.with_suffix(".ipynb").name] == lessons.notebook(found[path.name])


def test_nothing_is_overwritten_unasked(tmp_path, capsys):
    (tmp_path / "08_how_many_passes.py").write_text("mine")
    assert main(["lessons", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith(f"tinydmn lessons: {tmp_path / '08_how_many_passes.py'}: exists already") and "--overwrite" in said
    assert [path.name for path in tmp_path.iterdir()] == ["08_how_many_passes.py"]        # all or none
    assert main(["lessons", "--out", str(tmp_path), "--overwrite"]) == 0
    assert (tmp_path / "08_how_many_passes.py").read_text() != "mine"


@pytest.mark.parametrize("out, says", [("taken", "is no folder"), ("taken/below", "is no folder")])
def test_where_no_folder_can_be(out, says, tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert main(["lessons", "--out", str(tmp_path / out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and (tmp_path / "taken").read_text() == ""


def test_without_jupytext_scripts_are_written_and_a_line_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    monkeypatch.setattr("tinydmn.errors._noticed", set())
    assert main(["lessons", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out.endswith("lessons, as scripts\n") and err.count("\n") == 1 and "pip install 'tinydmn[notebooks]'" in err
    assert {path.suffix for path in tmp_path.iterdir()} == {".py"}


def test_a_package_without_its_lessons_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(lessons, "__file__", str(tmp_path / "tinydmn" / "cli" / "lessons.py"))
    with pytest.raises(UserError, match="its lessons are missing"):
        lessons.folder()
    installed = tmp_path / "tinydmn" / "lessons"
    installed.mkdir(parents=True)
    (installed / "common.py").write_text("")
    assert lessons.folder() == installed


def test_a_script_finds_its_common_from_any_folder(tmp_path):
    (tmp_path / "lessons").mkdir()
    assert main(["lessons", "--out", str(tmp_path / "lessons"), "--overwrite"]) == 0
    done = subprocess.run([sys.executable, str(tmp_path / "lessons" / "03b_back_through_an_episode.py"), "--quick"], cwd="/", capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(LESSONS.parent)})
    assert done.returncode == 0 and (tmp_path / "lessons" / "out" / "03b_back_through_an_episode.png").is_file()
