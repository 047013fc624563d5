"""Every answer of a set, one by one: what was asked, what is right, what the network says and how sure it is, where each pass looked.

`answers` yields one for each question, of tagged sentences one for each word; the rest writes them down: as rows of a table, as JSON Lines.
"""

import csv
import io
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ..answer import attention, position_labels as places, ranked, ranked_tags
from ..data.batch import NONE
from ..data.vocabulary import END_OF_ANSWER, END_OF_SENTENCE
from ..losses import right_answers
from ..writing import json_text
from .evaluate import outputs
from .material import batch_of

END = "end of passes"


@dataclass(frozen=True)
class Answer:
    """One question and what the network says of it.  Of tagged sentences: one word, which sees the words up to it."""

    source: str                # of its story: FILE:LINE, or the generator's name
    number: int                # of its story, from 1
    question: str              # its words; of a tagged sentence the word
    facts: list[str]           # the places that a pass may look at, but for end-of-passes
    right_answer: str          # "" where it is not known
    answer: str
    right: bool | None         # as an evaluation counts it; None where the right answer is not known
    ranked: list               # [(answer, probability)], `answer` first
    gates: np.ndarray          # (passes made, places): in the order of `facts`, then end-of-passes (which tagged words do not have)
    looked: list[int]          # where each pass looked most
    support: list[int]         # which of `facts` the answer rests on, in the file's order; none where that is not known

    @property
    def probability(self):
        return self.ranked[0][1]

    def passes(self):
        """For each pass: the place that it looked at most (from 0; None is end-of-passes), its text, its weight."""
        named = [(place, text) for place, text in enumerate(self.facts)] + [(None, END)]
        return [(*named[place], float(row[place])) for place, row in zip(self.looked, self.gates)]


def answers(model, stories, thetas=None):
    """Yields an Answer for each question of list[Story], in their order and in the order in which a story has them; of tags one for each word.

    thetas: weights to ask instead of the model's own, as in `evaluate`; what is counted right here is counted right there.
    """
    cut = model.config.bidirectional == "yes"                   # then a story's questions are asked in the order of what they see: cut_at_questions
    asked = [(number, story, k) for number, story in enumerate(stories, 1)
             for k in sorted(range(len(story.questions)), key=lambda k: story.questions[k].n_facts if cut else k)]
    said = _said(model, batch_of(stories, model.vocabulary, model.config), thetas)
    for _, of_story in groupby(zip(asked, said, strict=True), key=lambda pair: pair[0][0]):
        for (number, story, k), of_question in sorted(of_story, key=lambda pair: pair[0][2]):
            yield from (_tags if model.config.answer == "tags" else _one)(model, number, story, story.questions[k], *of_question)


def _said(model, batch, thetas):
    """Question by question: its part of the set, the Output for it, its place there, which of its answers are right, its first word's place."""
    for part, out in outputs(model, batch, thetas=thetas):
        right = right_answers(out.answers, part, model.config.answer)
        first = np.cumsum(part.n_facts) - part.n_facts     # of tagged sentences: all their words stand one behind the other
        for q in range(len(part.answer)):
            yield part, out, q, right[q], first[q]


def _one(model, number, story, question, part, out, q, right, _):
    known, n = np.any(part.answer[q] != NONE), part.n_facts[q]
    best = ranked(model.vocabulary, out, q)
    said = best[0][0] + ",..." * (model.config.answer == "sequence" and END_OF_ANSWER not in out.answers[q])               # it found no end
    scores = out.gate_scores[:out.passes_made[q], q, :n + 1]
    yield Answer(story.source, number, " ".join(question.tokens), places(story.facts[:question.n_facts], model.config.facts),
                 ",".join(question.answer), said, bool(right) if known else None, best, attention(out, q, n), scores.argmax(axis=1).tolist(),
                 [int(i) for i in part.support[q] if i >= 0])


def _tags(model, number, story, question, part, out, q, right, first):
    words = [word for fact in story.facts for word in fact]
    best = ranked_tags(model.vocabulary, out.logits[q, :len(words)], out.answers[q])
    for t, word in enumerate(words):
        gates = out.gates[:, first + t, :t + 1]
        known = bool(question.answer)
        yield Answer(story.source, number, word, words[:t + 1], question.answer[t] if known else "", best[t][0][0], bool(right[t]) if known else None,
                     best[t], gates, gates.argmax(axis=1).tolist(), [])


# ---- written down ------------------------------------------------------------------------------------------------------------------

NAMES = {"babi": "question", "sst": "text", "pos": "word"}                                 # what was asked, by the kind of set


def asked_text(answer, task_set):
    """What was asked: a text that was judged is its own question."""
    return " ".join(w for w in answer.facts if w != END_OF_SENTENCE) if task_set == "sst" else answer.question


def record(answer, task_set):
    """An Answer as a dict that JSON can hold."""
    of_pos = {"sentence": answer.number} if task_set == "pos" else {}
    return {"source": answer.source, **of_pos, NAMES[task_set]: asked_text(answer, task_set), "right_answer": answer.right_answer or None,
            "answer": answer.answer, "right": answer.right, "probability": answer.probability, "others": dict(answer.ranked[1:]),
            "passes": [{"fact": place, "text": text, "weight": weight} for place, text, weight in answer.passes()],
            **({"support": answer.support} if task_set == "babi" else {}), "facts": answer.facts, "gates": answer.gates.tolist()}


def json_lines(found, task_set):
    """Answers -> text, a JSON object a line."""
    return "".join(json_text(record(answer, task_set), indent=None) + "\n" for answer in found)


def csv_text(found, task_set, passes):
    """Answers -> text, a row each under a row of names.  passes: of the network, three columns each."""
    heads = ["source", *(["sentence"] if task_set == "pos" else []), NAMES[task_set], "right_answer", "answer", "right", "probability"]
    heads += ["n_facts", "support", "supporting_facts"] if task_set == "babi" else []
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(heads + [f"pass_{i + 1}_{what}" for i in range(passes) for what in ("fact", "text", "weight")])
    for answer in found:
        row = [answer.source, *([answer.number] if task_set == "pos" else []), asked_text(answer, task_set), answer.right_answer, answer.answer,
               "" if answer.right is None else int(answer.right), answer.probability]
        if task_set == "babi":
            row += [len(answer.facts), " ".join(map(str, answer.support)), "; ".join(answer.facts[i] for i in answer.support)]
        looked = [value for of_pass in answer.passes() for value in of_pass]
        rows.writerow(row + looked + [""] * (3 * passes - len(looked)))
    return out.getvalue()
