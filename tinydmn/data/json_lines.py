"""Stories as JSON Lines: an object a story, a line an object.

    {"facts": ["Mary went to the garden.", "John left."], "questions": [{"question": "Where is Mary?", "answer": "garden", "support": [0]}]}

facts: sentences, or lists of words.  A question has `question` (a sentence, or words), `answer` (a word, a number, or a list of words; "n,w"
is a list, as in a bAbI file) and, if it likes, `support`: the facts that it rests on, counted from 0, in the order of the reasoning.  It sees
all facts of its story; one that is asked in the middle says how many it sees, `n_facts`, or has a story of its own with the facts until then.
Words become lower case, and a full stop or a question mark at the end goes, as in a bAbI file.
"""

import json

from ..errors import UserError, at_line
from .story import Question, Story
from .text import numbered_lines, short

EXAMPLE = '{"facts": ["Mary sat."], "questions": [{"question": "Who sat?", "answer": "mary", "support": [0]}]}'
SENTENCE = "write a sentence, or a list of words"


class Fault(ValueError):
    """What JSON's own reader lets pass."""


def read_json_stories(path):
    """Stories of one file of JSON Lines, plain or .gz, as list[Story].  A story's `source` is FILE:LINE.

    Blank lines, Windows line ends and an empty list of questions do no harm.  Raises UserError (FILE:LINE: problem; mend) for whatever is
    not in the format, keys that it does not know among it.
    """
    stories = [_story(found, path, line) for line, found in json_objects(path, "stories", EXAMPLE)]
    if not any(story.questions for story in stories):
        raise UserError(f"{path}: holds no question; write a story like {EXAMPLE}")
    return stories


def json_objects(path, holds, example):
    """(line number, dict) of each line that is not blank.  Raises UserError for one that is no JSON object, or holds a key twice."""
    for line, text in numbered_lines(path, holds):
        if not text.strip():
            continue
        mend = f"write one object a line, like {example}"
        try:
            found = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
            json.dumps(found, ensure_ascii=False).encode()
        except json.JSONDecodeError as error:
            raise at_line(path, line, f"no JSON ({error.msg}, at letter {error.pos + 1} of {short(text)})", mend) from None
        except UnicodeEncodeError:
            raise at_line(path, line, "half of a surrogate pair, which is no letter", "write the letter itself, in UTF-8") from None
        except (ValueError, RecursionError) as error:
            raise at_line(path, line, str(error), mend) from None
        if not isinstance(found, dict):
            raise at_line(path, line, f"no object, but {short(text.strip())}", mend)
        yield line, found


def text_of(value):
    """A value of JSON that stands for a word: a text, a number, true or false -> its text; None for any other."""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value) if isinstance(value, (bool, int, float)) else None


def _each_once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
        raise Fault(f"key {short(twice)} stands twice in one object")
    return found


def _no_number(name):
    raise Fault(f"{name} is no JSON")


def _story(found, path, line):
    def wrong(problem, mend):
        return at_line(path, line, problem, mend)

    _check_keys(found, "a story", ("facts", "questions"), (), wrong)
    for name, example in (("facts", '["Mary sat."]'), ("questions", '[{"question": "Who sat?", "answer": "mary"}]')):
        if not isinstance(found[name], list):
            raise wrong(f"{name} is no list, but {_shown(found[name])}", f"write {name}: {example}")
    facts = [_words(fact, f"fact {i} (from 0)", wrong) for i, fact in enumerate(found["facts"])]
    if not facts:
        raise wrong("a story without facts", "tell one at least")
    return Story(facts, [_question(q, f"question {k}", len(facts), wrong) for k, q in enumerate(found["questions"], 1)], f"{path}:{line}")


def _question(found, which, F, wrong):
    """One object of `questions` -> Question.  F: how many facts its story has."""
    if not isinstance(found, dict):
        raise wrong(f"{which} is no object, but {_shown(found)}", 'write {"question": "Who sat?", "answer": "mary"}')
    _check_keys(found, which, ("question", "answer"), ("support", "n_facts"), wrong)
    n_facts, support = (default if found.get(key) is None else found[key] for key, default in (("n_facts", F), ("support", [])))
    if not _is_int(n_facts) or not 1 <= n_facts <= F:
        raise wrong(f"{which} sees n_facts = {_shown(n_facts)} of {F} facts", f"give 1 to {F}, or leave it out: then it sees all")
    if not isinstance(support, list):
        raise wrong(f"support of {which} is no list, but {_shown(support)}", "write a list of numbers, [0, 2]")
    for i in support:
        if not _is_int(i) or not 0 <= i < n_facts:
            raise wrong(f"{which} rests on fact {_shown(i)}, and sees facts 0 to {n_facts - 1}", "count the facts from 0")
    return Question(_words(found["question"], which, wrong), _answer(found["answer"], which, wrong), n_facts, support)


def _words(value, what, wrong):
    """A sentence or a list of words -> words as Story and Question cut them."""
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
    """A text, a number or a list of them -> the answer's words."""
    if isinstance(value, list):
        words = [text_of(word) for word in value]
        words = words and [word and word.lower() for word in words]
    else:
        words = Question([], text_of(value), 1).answer if text_of(value) else []
    if not words or not all(words):
        raise wrong(f"answer of {which} is {_shown(value)}", "write one word, or a list of words")
    return words


def _check_keys(found, what, needed, allowed, wrong):
    known = f"{what} has {', '.join(needed)}" + (f" and, if it likes, {', '.join(allowed)}" if allowed else "")
    for key in found:
        if key not in (*needed, *allowed):
            raise wrong(f"unknown key {short(key)} in {what}", known)
    for key in needed:
        if key not in found:
            raise wrong(f"no {key} in {what}", known)


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value):
    """A value for a message, as JSON writes it."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."
