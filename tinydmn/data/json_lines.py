"""Stories as JSON Lines: one object per story, one line per object (here wrapped):

    {"facts": ["Mary went to the garden.", "John left."],
     "questions": [{"question": "Where is Mary?", "answer": "garden", "support": [0]}]}

facts: sentences, or lists of words.  A question has `question` (a sentence, or a list of words),
`answer` (a word, a number, or a list of words; "n,w" is a list, as in a bAbI file) and, optionally,
`support`: its supporting facts, counted from 0, in order of reasoning.  It sees all facts of its
story; one asked earlier gives the number of its visible facts, `n_facts`, or has a story of its own
with the facts up to it.
Words are lower-cased, and a full stop or question mark at the end is dropped, as in a bAbI file.
"""

import json

from ..errors import UserError, at_line
from .story import Question, Story
from .text import numbered_lines, short

EXAMPLE = ('{"facts": ["Mary sat."], '
           '"questions": [{"question": "Who sat?", "answer": "mary", "support": [0]}]}')
SENTENCE = "write a sentence, or a list of words"


class Fault(ValueError):
    """An error that Python's json module accepts."""


def read_json_stories(path):
    """The stories of a JSON Lines file, plain or .gz, as list[Story].  A story's `source` is
    FILE:LINE.

    Blank lines, Windows line endings and an empty list of questions are accepted.
    Raises UserError (FILE:LINE: problem; how to fix it) for whatever else is not in the format,
    including unknown keys.
    """
    stories = [_story(found, path, line) for line, found in json_objects(path, "stories", EXAMPLE)]
    if not any(story.questions for story in stories):
        raise UserError(f"{path}: holds no question; write a story like {EXAMPLE}")
    return stories


def json_objects(path, holds, example):
    """Yields (line number, dict) for each line that is not blank.  Raises UserError for one that is
    not a JSON object, or has a key twice."""
    for line, text in numbered_lines(path, holds):
        if not text.strip():
            continue
        fix = f"write one object a line, like {example}"
        try:
            found = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
            json.dumps(found, ensure_ascii=False).encode()
        except json.JSONDecodeError as error:
            problem = f"not JSON ({error.msg}, at character {error.pos + 1} of {short(text)})"
            raise at_line(path, line, problem, fix) from None
        except UnicodeEncodeError:
            raise at_line(path, line, "half of a surrogate pair, which is not a character",
                          "write the character itself, in UTF-8") from None
        except (ValueError, RecursionError) as error:
            raise at_line(path, line, str(error), fix) from None
        if not isinstance(found, dict):
            raise at_line(path, line, f"not an object, but {short(text.strip())}", fix)
        yield line, found


def text_of(value):
    """A JSON value that can be a word (a string, a number, true or false) -> its text; otherwise
    None."""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value) if isinstance(value, (bool, int, float)) else None


def _each_once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
        raise Fault(f"key {short(twice)} occurs twice in one object")
    return found


def _no_number(name):
    raise Fault(f"{name} is not JSON")


QUESTION = '{"question": "Who sat?", "answer": "mary"}'


def _story(found, path, line):
    def wrong(problem, fix):
        return at_line(path, line, problem, fix)

    _check_keys(found, "a story", ("facts", "questions"), (), wrong)
    for name, example in (("facts", '["Mary sat."]'), ("questions", f"[{QUESTION}]")):
        if not isinstance(found[name], list):
            raise wrong(f"{name} is not a list, but {_shown(found[name])}",
                        f"write {name}: {example}")
    facts = [_words(fact, f"fact {i} (from 0)", wrong) for i, fact in enumerate(found["facts"])]
    if not facts:
        raise wrong("a story without facts", "give at least one")
    questions = [_question(q, f"question {k}", len(facts), wrong)
                 for k, q in enumerate(found["questions"], 1)]
    return Story(facts, questions, f"{path}:{line}")


def _question(found, which, F, wrong):
    """One object of `questions` -> Question.  F: the number of facts of its story."""
    if not isinstance(found, dict):
        raise wrong(f"{which} is not an object, but {_shown(found)}", f"write {QUESTION}")
    _check_keys(found, which, ("question", "answer"), ("support", "n_facts"), wrong)
    value = lambda key, default: default if found.get(key) is None else found[key]
    n_facts, support = value("n_facts", F), value("support", [])
    if not _is_int(n_facts) or not 1 <= n_facts <= F:
        raise wrong(f"{which} sees n_facts = {_shown(n_facts)} of {F} facts",
                    f"give 1 to {F}, or leave it out: then it sees all")
    if not isinstance(support, list):
        raise wrong(f"support of {which} is not a list, but {_shown(support)}",
                    "write a list of numbers, [0, 2]")
    for i in support:
        if not _is_int(i) or not 0 <= i < n_facts:
            raise wrong(f"{which} rests on fact {_shown(i)}, and sees facts 0 to {n_facts - 1}",
                        "count the facts from 0")
    return Question(_words(found["question"], which, wrong),
                    _answer(found["answer"], which, wrong), n_facts, support)


def _words(value, what, wrong):
    """A sentence or a list of words -> words, split as in Story and Question."""
    if isinstance(value, str):
        words = Question(value, [], 1).tokens
    elif isinstance(value, list) and all(isinstance(word, str) and word.strip() for word in value):
        words = [word.strip().lower() for word in value]
        if words and words[-1] in (".", "?"):
            words.pop()
    else:
        raise wrong(f"{what} is {_shown(value)}", SENTENCE)
    if not words:
        raise wrong(f"{what} has no words", SENTENCE)
    return words


def _answer(value, which, wrong):
    """A string, a number or a list of these -> the answer's words."""
    if isinstance(value, list):
        words = [text_of(word) for word in value]
        words = words and [word and word.lower() for word in words]
    else:
        words = Question([], text_of(value), 1).answer if text_of(value) else []
    if not words or not all(words):
        raise wrong(f"answer of {which} is {_shown(value)}", "write one word, or a list of words")
    return words


def _check_keys(found, what, needed, allowed, wrong):
    optional = f" and, optionally, {', '.join(allowed)}" if allowed else ""
    known = f"{what} has {', '.join(needed)}{optional}"
    for key in found:
        if key not in (*needed, *allowed):
            raise wrong(f"unknown key {short(key)} in {what}", known)
    for key in needed:
        if key not in found:
            raise wrong(f"no {key} in {what}", known)


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value):
    """A value as shown in messages: as JSON, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."
