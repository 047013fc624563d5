"""What the page is told: a request as a dict -> a reply as a dict, both such as JSON can hold.

    {"facts": ["Mary went to the garden.", ...], "left_out": [2], "question": "Where is Mary?"}
    {"text": "Not a good film.", "left_out": []}           of networks that judge texts, or tag them
    {"draw": "task 1", "seed": 7}                          a story, or a text, to begin with

A network reads what `tinydmn ask` would read, and says what it would say.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..answer import position_labels, ranked_tags
from ..data.babi import NAMES, TITLES
from ..data.generator import TASKS as GENERATED
from ..data.generator import generate
from ..data.story import Question, Story, is_question
from ..errors import UserError
from ..model import DMN
from ..parts import answer_of
from ..tasks import task_of
from ..tasks.task import own_texts, passes_text
from ..training import checkpoint
from ..training.material import batch_of

MOST_FACTS, MOST_WORDS = 300, 200          # of a story; of a text
MOST_LETTERS = 2000                        # of a fact, a question, a text
LARGEST = 2**32 - 1                        # seed of a draw
FROM_FILE = "its file"                     # what is drawn from the file that a run learnt from


class Network(NamedTuple):
    """One checkpoint, as the page asks it."""

    name: str                  # for people: its file
    model: DMN
    about: dict                # of its run
    kind: str                  # "story", "text" or "tags"


def open_networks(paths, backend="numba"):
    """The checkpoints of one page -> list[Network].  Raises UserError for one that cannot be
    loaded, and for two that are asked in different ways."""
    short = [Path(path).stem for path in paths]
    networks = []
    for path, name in zip(paths, short):
        model, _, about = checkpoint.load(path, backend)
        kind = "tags" if answer_of(model.config).PER_WORD else (
            "text" if task_of(about).asked == "text" else "story")
        networks.append(Network(name if short.count(name) == 1 else str(path), model, about, kind))
    asked = {"story": "is told stories", "text": "judges texts", "tags": "tags words"}
    if len({network.kind for network in networks}) > 1:
        said = " and ".join(f"{path} {asked[one.kind]}" for path, one in zip(paths, networks))
        raise UserError(f"{said}; give two of one kind")
    return networks


def described(networks):
    """What the page shows of its networks before anything is asked -> dict."""
    words = dict.fromkeys(word for network in networks for word in network.model.vocabulary.words)
    return {"kind": networks[0].kind, "draws": drawn_from(networks),
            "most": {"facts": MOST_FACTS, "letters": MOST_LETTERS},
            "words": sorted(word for word in words if not word.startswith("<"))[:1000],
            "networks": [{"name": one.name, "about": _about(one), "facts": one.model.config.facts,
                          "passes": one.model.config.passes} for one in networks]}


def _about(network):
    """A network in a few words: its run, its passes, whether its gates were supervised."""
    config = network.model.config
    said = [network.about["name"], passes_text(config.passes)]
    if network.kind == "story" and config.passes:
        said.append("attention supervised" if config.alpha else "attention not supervised")
    return ", ".join(said)


def respond(networks, request):
    """A request -> a reply; {"error": one line} where the user has something to mend."""
    try:
        if not isinstance(request, dict):
            raise UserError("a request is a JSON object; reload the page")
        return drawn(networks, request) if "draw" in request else answered(networks, request)
    except UserError as error:
        return {"error": " ".join(str(error).split())}


# ---- answers ------------------------------------------------------------------------------------

def answered(networks, request):
    """-> {"kept": [indices of the facts, or words, that were read], "words": [all words of a text],
    "networks": [a dict each]}.  Raises UserError for what cannot be asked."""
    if networks[0].kind == "story":
        facts = _strings(request.get("facts"), "facts")
        if len(facts) > MOST_FACTS:
            raise UserError(f"{len(facts)} facts; give {MOST_FACTS} at most")
        question = _line(request.get("question"), "the question")
        left_out = _indices(request, len(facts))
        kept = [i for i, fact in enumerate(facts) if fact and i not in left_out]
        if not kept:
            raise UserError("the story is empty; tell a fact" if not any(facts) else
                            "every fact is left out; leave one in")
        if not question:
            raise UserError("the question is empty; write one like  Where is Mary?")
        if asks := [i for i in kept if is_question(facts[i])]:
            raise UserError(f"fact {asks[0] + 1} is a question; end it with a full stop, or ask it "
                            "below the story")
        question += "" if is_question(question) else "?"
        lines = [*(facts[i] for i in kept), question]
        typed = [_typed(network, lines) for network in networks]
        if any(len(one.facts) != len(kept) for one in typed):
            raise UserError("a line numbered 1 begins a new story; leave the numbers out")
        return {"kept": kept, "words": [],
                "networks": [_answer(*pair, kept) for pair in zip(networks, typed)]}
    text = _line(request.get("text"), "the text")
    if not text:
        raise UserError("the text is empty; write a sentence")
    typed = [_typed(network, [text]) for network in networks]
    words = [[word for fact in one.facts for word in fact] for one in typed]
    if any([w.lower() for w in of] != [w.lower() for w in words[0]] for of in words):
        raise UserError("the two networks part this text into other words; "
                        "write blanks between the words, and before its full stop")
    if len(words[0]) > MOST_WORDS:
        raise UserError(f"the text has {len(words[0])} words; give {MOST_WORDS} at most")
    left_out = _indices(request, len(words[0]))
    kept = [i for i in range(len(words[0])) if i not in left_out]
    if not kept:
        raise UserError("every word is left out; leave one in")
    reply = _tags if networks[0].kind == "tags" else _answer
    return {"kept": kept, "words": words[0],
            "networks": [reply(network, one._replace(facts=[[of[i] for i in kept]], labels=None),
                               kept)
                         for network, one, of in zip(networks, typed, words)]}


def _typed(network, lines):
    """Lines -> the one task.Typed that they are, read as `ask` reads them."""
    return list(task_of(network.about).typed(lines, network.about, network.model.vocabulary,
                                             _refuse))[-1]


def _refuse(problem):
    raise UserError(problem)


def _answer(network, typed, kept):
    """What a network says, and where each pass looked.

    "of": for each position of the attention the index of its fact (of a text: of its word).
    "attention": (passes made, positions + 1), the last column end-of-passes.
    """
    model, kind = network.model, network.model.config.facts
    found = model.ask(typed.facts, typed.question)
    labels = position_labels(typed.facts, kind, typed.labels)
    if network.kind == "story":
        of = [i for i, fact in zip(kept, typed.facts) for _ in position_labels([fact], kind)]
    else:                                                  # the end of the text is of no word
        of = [*kept, None][:len(labels)] if kind != "sentences" else [None]
    words = [word for text in (*typed.facts, typed.question) for word in text]
    return {"answer": found.answer, "probability": found.probability, "others": found.others,
            "positions": labels, "of": of, "attention": found.attention.tolist(),
            "unknown_words": model.vocabulary.unknown(words)}


def _tags(network, typed, kept):
    """As `_answer`, of each word of a sentence: "tags" are [(tag, probability), ...] each, the
    predicted one first; "attention" of word t is (passes, t + 1), over the words up to it."""
    model, words = network.model, typed.facts[0]
    story = Story(typed.facts, [Question(typed.question, [], 1)])
    out = model.forward(batch_of([story], model.vocabulary, model.config))
    return {"tags": ranked_tags(model.vocabulary, out.logits[0], out.answers[0]),
            "positions": words, "of": kept,
            "attention": [out.gates[:, t, :t + 1].tolist() if model.config.passes else []
                          for t in range(len(words))],
            "unknown_words": model.vocabulary.unknown(words)}


# ---- stories to begin with ----------------------------------------------------------------------

def drawn_from(networks):
    """What stories, or texts, may be drawn for these networks -> [{"value", "label"}].

    The tasks that they were trained on; where one is not known, every task; nothing where no
    generator writes such texts.
    """
    abouts, kind = [network.about for network in networks], networks[0].kind
    if kind != "story":
        known = [about for about in abouts if not own_texts(about)]
        return [{"value": "text", "label": "generated"}] if known else _files(abouts)
    tasks = {about.get("task") for about in abouts}
    if not tasks <= set(GENERATED):
        return _files(abouts) + [_task(task) for task in GENERATED]
    return [_task(task) for task in sorted(tasks)]


def _files(abouts):
    return [{"value": FROM_FILE, "label": f"held out of {Path(about['file']).name}"}
            for about in abouts if about.get("file")][:1]


def _task(task):
    title = TITLES.get(task, "").replace("-", " ")
    return {"value": f"task {task}", "label": f"task {task}: {title}" if title else f"task {task}"}


def stories_from(networks, value, n, rng):
    """`n` stories with a question.  value: one of `drawn_from`.  Raises UserError for another."""
    if value not in [one["value"] for one in drawn_from(networks)]:
        raise UserError("no such stories can be drawn; choose among those that are offered")
    abouts = [network.about for network in networks]
    if value == FROM_FILE:
        about = next(about for about in abouts if about.get("file"))
        held_out = [story for story in task_of(about).parts_of_file(about)[1] if story.questions]
        if not held_out:
            raise UserError(f"{about['file']}: no story of it was held out")
        return [held_out[i] for i in rng.permutation(len(held_out))[:n]]
    if value == "text":
        about = next(about for about in abouts if not own_texts(about))
        return task_of(about).fresh(about, n, rng)[0]
    return generate(int(value.removeprefix("task ")), n, rng)


def drawn(networks, request):
    """A story or a text, as a request to answer, and what is known of it: "right", the right
    answer (of a sentence: a list of tags), and "support", its supporting facts."""
    seed = request.get("seed")
    if type(seed) is not int or not 0 <= seed <= LARGEST:
        raise UserError(f"the seed of a draw is a whole number from 0 to {LARGEST}")
    rng = np.random.default_rng(seed)
    story, = stories_from(networks, request["draw"], 1, rng)
    return as_request(story, networks[0].kind)


def as_request(story, kind):
    """The last question of a Story, with the facts that it sees, as `drawn` returns it."""
    question = story.questions[-1]
    facts = story.facts[:question.n_facts]
    if kind != "story":
        text = " ".join(word for fact in facts for word in fact)
        right = question.answer if kind == "tags" else ",".join(question.answer)
        return {"text": text, "right": right, "support": []}
    return {"facts": [f"{_sentence(fact)}." for fact in facts],
            "question": f"{_sentence(question.tokens)}?", "right": ",".join(question.answer),
            "support": [int(i) for i in question.support]}


def _sentence(words):
    return " ".join(word.capitalize() if i == 0 or word in NAMES else word
                    for i, word in enumerate(words))


# ---- what a request holds -----------------------------------------------------------------------

def _line(value, what):
    """Text on one line, its blanks made single.  Raises UserError for what is no text, or long."""
    if not isinstance(value, str):
        raise UserError(f"{what} is no text; reload the page")
    if len(value) > MOST_LETTERS:
        raise UserError(f"{what} has {len(value):,} letters; give {MOST_LETTERS:,} at most")
    return " ".join(value.split())


def _strings(values, what):
    if not isinstance(values, list):
        raise UserError(f"{what} are no list; reload the page")
    return [_line(value, f"fact {i}") for i, value in enumerate(values, 1)]


def _indices(request, n):
    left_out = request.get("left_out", [])
    if not isinstance(left_out, list) or not all(type(i) is int and 0 <= i < n for i in left_out):
        raise UserError("what is left out are the numbers of facts, or of words; reload the page")
    return set(left_out)
