"""Files of one's own, under any name.  Their contents say what they hold."""

from .babi import read_babi
from .json_lines import read_json_stories
from .story import asked
from .text import first_letter


def read_stories(path):
    """Stories of one file, plain or .gz, as list[Story]: JSON Lines where its first character is {,
    else in bAbI format.

    Raises UserError (FILE:LINE: problem; how to fix it).
    """
    return read_json_stories(path) if first_letter(path) == "{" else read_babi(path)


def in_common(train, valid):
    """How many questions of validation are in training as well, with all their facts."""
    known = {text for story in train for text in asked(story)}
    return sum(text in known for story in valid for text in asked(story))
