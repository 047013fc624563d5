"""Folders of students' processes: each is held while its session lives, and one that nobody holds goes with the next run."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tinydmn.course import scratch
from tinydmn.course.grade import grade_all

pytestmark = pytest.mark.skipif(os.name == "nt", reason="students' files run on Linux and macOS alone")


def names(above):
    return {path.name for path in above.iterdir()} - {"decoy.txt"}


def test_one_that_is_held_stays_and_goes_with_its_session(above):
    folder, held = scratch.new()
    scratch.remove_left()
    assert names(above) == {Path(folder).name} and os.listdir(folder) == []
    (Path(folder) / "written.txt").touch()
    scratch.gone(folder, held)
    assert not names(above)
    with pytest.raises(OSError):
        os.fstat(held)


def test_one_of_a_killed_grader_goes_with_what_is_in_it(above):
    code = f"""if True:
        import tempfile
        tempfile.tempdir = {str(above)!r}
        from tinydmn.course import scratch
        folder, held = scratch.new()
        open(folder + "/written.txt", "w").close()
        print(folder, flush=True)
        input()"""
    grader = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    folder = Path(grader.stdout.readline().strip())
    scratch.remove_left()
    assert (folder / "written.txt").exists()               # it lives
    grader.send_signal(signal.SIGKILL)
    grader.communicate()
    assert folder.exists()
    grade_all(None, {}, 1)                                 # as the next class does before its first file
    assert not names(above)


def test_nothing_else_goes(above, tmp_path):
    (above / "tinydmn-browser-x").mkdir()
    (above / f"{scratch.PREFIX}file").touch()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file.txt").touch()
    (above / f"{scratch.PREFIX}link").symlink_to(tmp_path / "theirs")
    before = names(above)
    scratch.remove_left()
    assert names(above) == before and (tmp_path / "theirs" / "file.txt").exists()


def test_one_removed_before_it_is_held_is_made_again(above, monkeypatch):
    """As when another grader looks for what is left between the two steps."""
    made, make = [], tempfile.mkdtemp

    def mkdtemp(prefix):
        made.append(make(prefix=prefix, dir=above))
        if len(made) == 1:
            os.rmdir(made[0])
        return made[-1]
    monkeypatch.setattr(scratch.tempfile, "mkdtemp", mkdtemp)
    folder, held = scratch.new()
    assert len(made) == 2 and folder == made[1]
    scratch.gone(folder, held)


def test_one_that_another_holds_or_has_removed_is_made_again(above, monkeypatch):
    made, make, others = [], tempfile.mkdtemp, []

    def mkdtemp(prefix):
        made.append(make(prefix=prefix, dir=above))
        if len(made) == 1:
            others.append(os.open(made[0], os.O_RDONLY))
            assert scratch.lock(others[0])
        return made[-1]

    def lock(held, really=scratch.lock):
        answer = really(held)
        if len(made) == 2:
            os.rmdir(made[1])
        return answer
    monkeypatch.setattr(scratch.tempfile, "mkdtemp", mkdtemp)
    monkeypatch.setattr(scratch, "lock", lock)
    before = len(os.listdir("/dev/fd"))
    folder, held = scratch.new()
    assert len(made) == 3 and folder == made[2]
    assert len(os.listdir("/dev/fd")) == before + 2        # the other's, and the one that is given
    scratch.gone(folder, held)
    os.close(others[0])


def test_a_file_system_without_locks_serves_and_keeps_what_is_there(above, monkeypatch):
    import fcntl

    def flock(*_):
        raise OSError("no locks available")
    monkeypatch.setattr(fcntl, "flock", flock)
    folder, held = scratch.new()
    scratch.remove_left()
    assert names(above) == {Path(folder).name}
    scratch.gone(folder, held)
