"""The assignments by name.  A further one is an entry here; its parts are exercises."""

from .grade import Assignment

ASSIGNMENTS: dict[str, Assignment] = {}
