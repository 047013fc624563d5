"""A report in the forms that other programs read.  Each is strict JSON: no NaN, no infinity."""

import csv
import io
import os
from datetime import UTC, datetime

from ..writing import json_text

MOST = 900_000                 # letters of a PrairieLearn file, which may have 1 MB
# Classroom 50: a key of its file, and the variable of the environment that holds the value
PLACES = {"classroom": "CLASSROOM", "assignment": "ASSIGNMENT", "submission": "SUBMISSION_TAG",
          "commit": "COMMIT_URL", "release": "RELEASE_URL", "review": "REVIEW_URL"}


def said(part):
    """What is wrong in a part, a line each."""
    return "\n".join(part.says) or "right"


def own(report):
    return report.as_json()


def gradescope(report):
    """results.json of a Gradescope autograder."""
    tests = [{"score": float(part.points), "max_score": float(part.most),
              "status": "passed" if part.points == part.most else "failed",
              "name": part.title, "number": str(i), "output": said(part), "tags": [],
              "visibility": "visible"} for i, part in enumerate(report.parts, 1)]
    return {"score": float(report.points), "output": summary(report), "visibility": "visible",
            "stdout_visibility": "hidden", "tests": tests}


def classroom50(report, environment=None, now=None):
    """result.json of Classroom 50, whose runner names the submission in its environment."""
    environment = os.environ if environment is None else environment
    now = now or datetime.now(UTC)
    tests = [{"test-name": part.title, "passed": part.points == part.most,
              "score": round(part.points), "max-score": round(part.most)} for part in report.parts]
    return {"schema": "classroom50/result/v1",
            **{key: environment.get(name, "") for key, name in PLACES.items()},
            "datetime": now.isoformat(timespec="seconds"), "score": round(report.points),
            "max-score": round(report.most), "tests": tests}


def prairielearn(report):
    """results.json of a PrairieLearn grader.  A file that cannot be loaded is not gradable: there,
    it costs the student no attempt."""
    if report.problem or report.failed:
        return {"gradable": False, "message": summary(report)}
    room = MOST // max(1, len(report.parts))
    tests = [{"name": part.title, "points": part.points, "max_points": part.most,
              "output": said(part)[:room]} for part in report.parts]
    return {"gradable": True, "score": report.points / report.most if report.most else 0.0,
            "tests": tests}


def table(reports):
    """A class as CSV: a line a submission, a column a part."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    titles = [part.name for part in reports[0].parts] if reports else []
    writer.writerow(["submission", "points", "max", *titles, "problem"])
    for report in reports:
        writer.writerow([plain(report.submission), report.points, report.most,
                         *(part.points for part in report.parts),
                         plain(report.problem or report.failed)])
    return out.getvalue()


def plain(text):
    """Text that no spreadsheet takes for a formula: names of files and messages are a student's."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def summary(report):
    if report.failed:
        return f"could not be graded ({report.failed}); ask your teacher"
    if report.problem:
        return f"the file cannot be loaded: {report.problem}"
    return f"{report.points} of {report.most} points"


# option -> (its maker, what it is)
FORMATS = {"gradescope": (gradescope, "results.json of Gradescope"),
           "classroom50": (classroom50, "result.json of Classroom 50"),
           "prairielearn": (prairielearn, "results.json of PrairieLearn")}


def text_of(name, report):
    """A report in one of the FORMATS, as the text of a file."""
    return json_text(FORMATS[name][0](report)) + "\n"
