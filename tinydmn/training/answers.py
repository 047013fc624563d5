"""Every answer of a set, one by one: the question, the right answer, the network's and its
probability, and where each pass looked.

`answers` yields one for each question, of tagged sentences one for each word; the rest writes them
as rows of a table or as JSON Lines.
"""

import csv
import io
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ..answer import attention, position_labels, ranked, ranked_tags
from ..data.batch import NONE
from ..data.vocabulary import END_OF_ANSWER
from ..losses import right_answers
from ..parts import answer_of
from ..tasks import TASKS
from ..writing import json_text
from .evaluate import outputs
from .material import batch_of

END = "end of passes"


@dataclass(frozen=True)
class ScoredAnswer:
    """One question and the network's answer.  Of tagged sentences: one word, which sees the words
    up to it."""

    source: str                # of its story: FILE:LINE, or the generator's name
    number: int                # of its story, from 1
    question: str              # its words; of a tagged sentence the word
    facts: list[str]           # the positions a pass may look at, but for end-of-passes
    right_answer: str          # "" where it is not known
    answer: str
    right: bool | None         # as an evaluation counts it; None where the right answer is unknown
    ranked: list               # [(answer, probability)], `answer` first
    # (passes made, positions), in the order of `facts`, then end-of-passes (tagged words have none)
    gates: np.ndarray
    looked: list[int]          # the position of the largest gate of each pass
    support: list[int]         # supporting facts among `facts`, in the file's order; may be empty

    @property
    def probability(self):
        return self.ranked[0][1]

    def passes(self):
        """For each pass: the position of its largest gate (from 0; None is end-of-passes), its
        text, its weight."""
        named = [*enumerate(self.facts), (None, END)]
        return [(*named[i], float(row[i])) for i, row in zip(self.looked, self.gates)]


def answers(model, stories, thetas=None):
    """Yields a ScoredAnswer for each question of list[Story], in their order and in the order of a
    story's questions; of tags one for each word.

    thetas: weights to use instead of the model's own, as in `evaluate`; what counts as right is
    the same there and here.
    """
    # a bidirectional network's questions are sorted by what they see: cut_at_questions
    cut = model.config.bidirectional == "yes"
    order = lambda story: lambda k: story.questions[k].n_facts if cut else k
    asked = [(number, story, k) for number, story in enumerate(stories, 1)
             for k in sorted(range(len(story.questions)), key=order(story))]
    found = _found(model, batch_of(stories, model.vocabulary, model.config), thetas)
    each = _tags if answer_of(model.config).PER_WORD else _one
    pairs = zip(asked, found, strict=True)
    for _, of_story in groupby(pairs, key=lambda pair: pair[0][0]):
        for (number, story, k), of_question in sorted(of_story, key=lambda pair: pair[0][2]):
            yield from each(model, number, story, story.questions[k], of_question)


def _found(model, batch, thetas):
    """Question by question: its part of the set, the Output for it, its index there, which of its
    answers are right, its first word's index."""
    for part, out in outputs(model, batch, thetas=thetas):
        right = right_answers(out.answers, part, model.config.answer)
        first = np.cumsum(part.n_facts) - part.n_facts     # all words of tagged sentences in a row
        for q in range(len(part.answer)):
            yield part, out, q, right[q], first[q]


def _one(model, number, story, question, found):
    part, out, q, right, _ = found
    known, n = np.any(part.answer[q] != NONE), part.n_facts[q]
    best = ranked(model.vocabulary, out, q)
    decoded = answer_of(model.config).DECODED
    endless = decoded and END_OF_ANSWER not in out.answers[q]
    scores = out.gate_scores[:out.passes_made[q], q, :n + 1]
    yield ScoredAnswer(
        story.source, number, " ".join(question.tokens),
        position_labels(story.facts[:question.n_facts], model.config.facts),
        ",".join(question.answer),
        best[0][0] + ",..." * endless, bool(right) if known else None, best, attention(out, q, n),
        scores.argmax(axis=1).tolist(), [int(i) for i in part.support[q] if i >= 0])


def _tags(model, number, story, question, found):
    _, out, q, right, first = found
    words = [word for fact in story.facts for word in fact]
    best = ranked_tags(model.vocabulary, out.logits[q, :len(words)], out.answers[q])
    known = bool(question.answer)
    for t, word in enumerate(words):
        gates = out.gates[:, first + t, :t + 1]
        yield ScoredAnswer(
            story.source, number, word, words[:t + 1], question.answer[t] if known else "",
            best[t][0][0], bool(right[t]) if known else None, best[t], gates,
            gates.argmax(axis=1).tolist(), [])


# ---- in files ------------------------------------------------------------------------------------


def record(answer, task_set):
    """A ScoredAnswer as a dict that JSON can hold.  task_set: a name of TASKS."""
    task = TASKS[task_set]
    return {"source": answer.source, **({"sentence": answer.number} if task.tags else {}),
            task.asked: task.asked_text(answer), "right_answer": answer.right_answer or None,
            "answer": answer.answer, "right": answer.right, "probability": answer.probability,
            "others": dict(answer.ranked[1:]),
            "passes": [{"fact": position, "text": text, "weight": weight}
                       for position, text, weight in answer.passes()],
            **({"support": answer.support} if task.supports else {}),
            "facts": answer.facts, "gates": answer.gates.tolist()}


def json_lines(found, task_set):
    """Answers -> text, a JSON object a line."""
    return "".join(json_text(record(answer, task_set), indent=None) + "\n" for answer in found)


def csv_text(found, task_set, passes):
    """Answers -> text, a row each under a row of names.  passes: of the network, three columns
    each."""
    task = TASKS[task_set]
    heads = ["source", *["sentence"] * task.tags, task.asked, "right_answer", "answer", "right",
             "probability"]
    heads += ["n_facts", "support", "supporting_facts"] * task.supports
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(heads + [f"pass_{i + 1}_{what}"
                           for i in range(passes) for what in ("fact", "text", "weight")])
    for answer in found:
        row = [answer.source, *[answer.number] * task.tags, task.asked_text(answer),
               answer.right_answer, answer.answer,
               "" if answer.right is None else int(answer.right), answer.probability]
        if task.supports:
            row += [len(answer.facts), " ".join(map(str, answer.support)),
                    "; ".join(answer.facts[i] for i in answer.support)]
        looked = [value for of_pass in answer.passes() for value in of_pass]
        rows.writerow(row + looked + [""] * (3 * passes - len(looked)))
    return out.getvalue()
