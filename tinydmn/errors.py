"""Errors that are the user's to mend: one line, no traceback, exit code 2."""


class UserError(Exception):
    """A mistake in what was given (a file, an option).  The message is one line: where it is, what is wrong, how to mend it."""


def at_line(path, line, problem, mend):
    """A UserError in the common form  FILE:LINE: problem; mend."""
    return UserError(f"{path}:{line}: {problem}; {mend}")
