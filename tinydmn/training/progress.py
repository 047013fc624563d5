"""The progress of training: a bar in a terminal of 80 columns, a line an epoch elsewhere."""

import sys
from time import perf_counter

from ..errors import UserError

try:
    from tqdm import tqdm
except ValueError as error:                                # it reads its defaults when it is loaded
    raise UserError(f"tqdm, which draws the progress bar, refuses a variable of the environment "
                    f"({error}); fix or unset those named TQDM_...") from None


class Progress:
    """Hand `epoch` and `on_step` to training.loop.train; `close` at the end.

    on_step is None where no bar is drawn: then nobody waits for the loss of each step.
    """

    def __init__(self, config, state, n_questions, quiet=False, stream=None):
        stream = stream or sys.stderr
        self.config, self.n_questions, self.quiet, self.stream = config, n_questions, quiet, stream
        self.live = not quiet and stream.isatty()
        self.on_step = self.step if self.live else None
        self.valid = " "
        self.bar = tqdm(total=config.epochs * n_questions, initial=state.epoch * n_questions,
                        file=stream, disable=not self.live, leave=False,
                        bar_format="{desc} |{bar}|", ncols=80, desc="compiling")
        self._begin_epoch(state.epoch + 1)

    def _begin_epoch(self, number):
        self.number, self.began = number, perf_counter()
        self.right = self.gates = self.n_gates = self.done = 0
        self.loss = 0.0

    def step(self, losses, J):
        """After each batch."""
        self.right += losses.answers_right
        self.gates += losses.gates_right
        self.n_gates += losses.n_gates
        self.done += losses.n_questions
        self.loss = self.loss + J * losses.n_questions
        rate = self.done / (perf_counter() - self.began)
        shares = (self._share("answer", self.right, self.done)
                  + self._share(" gate", self.gates, self.n_gates))
        self.bar.set_description_str(
            f"epoch {self.number}/{self.config.epochs} J {self.loss / self.done:.3f} "
            f"{shares}{self.valid}{rate:.0f}/s", refresh=False)
        self.bar.update(losses.n_questions)

    def _share(self, name, right, n):
        return f"{name} {100 * right / n:.1f}" if n else ""

    def epoch(self, state):
        """After each epoch."""
        now = state.history[-1]
        self.valid = f" valid {100 * now['valid_answer_accuracy']:.1f} "
        if not self.quiet and not self.live:
            gate = lambda key: f"{100 * now[key]:6.1f}" if now[key] == now[key] else "     -"
            best = " *" if state.best_epoch == state.epoch else ""
            print(f"epoch {now['epoch']:3}/{self.config.epochs}  J {now['loss']:7.4f}  "
                  f"answer {100 * now['train_answer_accuracy']:5.1f}  "
                  f"gate{gate('train_gate_accuracy')}  "
                  f"valid {100 * now['valid_answer_accuracy']:5.1f}{gate('valid_gate_accuracy')}  "
                  f"{now['examples_per_second']:6.0f}/s{best}", file=self.stream, flush=True)
        self._begin_epoch(state.epoch + 1)

    def close(self):
        self.bar.close()
