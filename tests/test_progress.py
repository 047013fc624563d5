"""What training shows, read back from the screen and compared with the figures it was given."""

import io
import re

import pytest

from tinydmn.config import Config
from tinydmn.model import Losses
from tinydmn.training import progress
from tinydmn.training.loop import State
from tinydmn.training.progress import Progress

CONFIG = Config(epochs=12, gate_epochs=0)
LINE = re.compile(r"epoch +(\d+)/(\d+)  J +([\d.]+)  answer +([\d.]+)  gate +([\d.-]+)  valid +([\d.]+) +([\d.-]+) +(\d+)/s( \*)?\n")
BAR = re.compile(r"epoch (\d+)/(\d+) J ([\d.]+) answer ([\d.]+)(?: gate ([\d.]+))?(?: valid ([\d.]+))? +(\d+)/s")


class Screen(io.StringIO):
    """A terminal, or a file."""

    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


def state(epoch, best_epoch=0, **figures):
    """After `epoch` epochs, the last of which had these figures."""
    last = {"epoch": epoch, "loss": 1.5, "train_answer_accuracy": 0.1, "train_gate_accuracy": 0.2, "valid_answer_accuracy": 0.3, "valid_gate_accuracy": 0.4,
            "valid_loss": 9.9, "examples_per_second": 500.0, "beta": 1.0, "seconds": 2.0} | figures
    return State(None, *[None] * 4, epoch=epoch, best_epoch=best_epoch, history=[{"epoch": 0}] * (epoch - 1) + [last])


def losses(answers_right, gates_right, n_questions, n_gates):
    return Losses(7.0, 8.0, answers_right, gates_right, n_questions, n_questions - 1, n_gates)


def lines(*states):
    """What a file gets to see of these epochs, field by field."""
    screen = Screen(False)
    shown = Progress(CONFIG, state(0), 100, stream=screen)
    assert shown.on_step is None                           # nobody waits for the loss of each step
    for one in states:
        shown.epoch(one)
    shown.close()
    text = screen.getvalue()
    assert LINE.sub("", text) == ""
    return LINE.findall(text)


def test_a_line_an_epoch_has_each_figure_in_its_place():
    now = state(3, 3, loss=0.12345, train_answer_accuracy=0.111, train_gate_accuracy=0.222, valid_answer_accuracy=0.333, valid_gate_accuracy=0.444, examples_per_second=678.4)
    assert lines(now) == [("3", "12", "0.1235", "11.1", "22.2", "33.3", "44.4", "678", " *")]


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252", "utf-8"])
def test_the_bar_has_letters_of_its_terminal(encoding):
    class Terminal(Screen):
        encoding = None
    screen = Terminal(True)
    Terminal.encoding = encoding
    shown = Progress(CONFIG, state(0), 100, stream=screen)
    for _ in range(5):
        shown.step(losses(1, 1, 100, 2), 1.0)
        shown.bar.refresh()
    shown.close()
    text = screen.getvalue()
    assert ("█" if encoding == "utf-8" else "#") in text and text.encode(encoding) and all(len(line) <= 80 for line in text.split("\r"))


def test_gates_that_are_not_supervised_have_no_figure():
    assert lines(state(1, train_gate_accuracy=float("nan"), valid_gate_accuracy=float("nan")))[0][4:7] == ("-", "30.0", "-")
    assert lines(state(1, valid_gate_accuracy=float("nan")))[0][4:7] == ("20.0", "30.0", "-")


def test_a_star_stands_at_each_epoch_that_is_the_best_so_far():
    shown = lines(*(state(epoch, best) for epoch, best in ((1, 0), (2, 2), (3, 2), (4, 4), (5, 4))))
    assert [(line[0], line[-1]) for line in shown] == [("1", ""), ("2", " *"), ("3", ""), ("4", " *"), ("5", "")]


def bar(*events, epochs_before=0, n_questions=20, times=(0.0,)):
    """What the bar says after each event (a step's losses and J, or a State), field by field."""
    screen, said = Screen(True), []
    with pytest.MonkeyPatch.context() as patch:
        clock = iter([*times, *[times[-1]] * 50])
        patch.setattr(progress, "perf_counter", lambda: next(clock))
        shown = Progress(CONFIG, state(epochs_before), n_questions, stream=screen)
        for event in events:
            if isinstance(event, State):
                shown.epoch(event)
            else:
                shown.step(*event)
                said.append(BAR.search(shown.bar.desc).groups())
    n, total = shown.bar.n, shown.bar.total
    shown.close()
    return said, n, total, screen.getvalue()


def test_the_bar_adds_up_its_epoch_and_begins_anew():
    said, n, total, _ = bar((losses(3, 1, 4, 8), 2.0), (losses(1, 5, 6, 8), 1.0), state(5, valid_answer_accuracy=0.875), (losses(2, 0, 8, 4), 0.5),
                            epochs_before=4, times=(100.0, 102.0, 105.0, 200.0, 204.0))
    assert said == [("5", "12", "2.000", "75.0", "12.5", None, "2"),                       # 4 answers in 2 s
                    ("5", "12", "1.400", "40.0", "37.5", None, "2"),                       # J of 4 and 6 questions; 10 answers in 5 s
                    ("6", "12", "0.500", "25.0", "0.0", "87.5", "2")]
    assert (n, total) == (4 * 20 + 18, 12 * 20)


def test_the_bar_without_supervised_gates():
    said, *_ = bar((losses(3, 0, 4, 0), 2.0), times=(0.0, 1.0))
    assert said[0][3:6] == ("75.0", None, None)


def test_the_bar_keeps_to_80_columns_and_vanishes():
    big = Config(epochs=1000)
    screen = Screen(True)
    shown = Progress(big, state(999), 10_000, stream=screen)
    shown.valid = " valid 100.0 "
    shown.step(losses(10_000, 10_000, 10_000, 10_000), 1234.5678)
    shown.bar.refresh()
    shown.close()
    frames = screen.getvalue().split("\r")
    assert any("epoch 1000/1000" in frame and "answer 100.0 gate 100.0 valid 100.0" in frame for frame in frames)
    assert max(map(len, frames)) <= 80 and not frames[-1].strip()


@pytest.mark.parametrize("terminal", (True, False))
def test_quiet_is_quiet(terminal):
    screen = Screen(terminal)
    shown = Progress(CONFIG, state(0), 10, quiet=True, stream=screen)
    shown.step(losses(1, 1, 2, 2), 1.0)
    shown.epoch(state(1))
    shown.close()
    assert screen.getvalue() == ""


def test_a_terminal_has_a_bar_and_no_lines_a_file_has_lines_and_no_bar():
    *_, text = bar((losses(3, 1, 4, 8), 2.0), state(1), times=(0.0, 1.0))
    assert "\n" not in text and "|" in text
