"""Mistakes in what a part earns, in what stands in for a wrong one, and in what is kept of a class."""

from . import Mutant

GRADE, SHARES, ANSWERING, SESSION, CLASS = (f"tests/course/test_{name}.py" for name in ("grade", "shares", "answering", "session", "class"))
ONCE, EASY, OTHER, FACES = (f"{ANSWERING}::test_a_mistake_costs_its_points_once", f"{SHARES}::test_a_forward_that_is_chosen_to_be_easy_earns_nothing",
                            f"{SHARES}::test_a_file_with_other_equations_earns_nothing", f"{SHARES}::test_a_forward_with_two_faces_earns_nothing")
DAMAGED, THIRD, BREAKS = f"{GRADE}::test_a_damaged_result_is_a_line", f"{SHARES}::test_a_third_is_the_forwards", f"{SHARES}::test_what_a_backward_breaks_costs_its_forward_nothing"


def of(file):
    return lambda old, new, what, tests, harmless="": Mutant(f"tinydmn/course/{file}.py", old, new, tests, what, harmless)


shares, answering, asking, grade, student, session, checking, case = (of(name) for name in ("shares", "answering", "asking", "grade", "student", "session", "checking", "case"))

MUTANTS = [
    # what a part earns
    shares("    return points // FORWARD, points - points // FORWARD", "    return -(-points // FORWARD), points + -points // FORWARD", "the third is rounded up", THIRD),
    shares("    if not wrong or not forward or not wrong", "    if not wrong or not wrong", "a wrong forward of a part of two points costs nothing", THIRD),
    shares(" or not wrong <= {\"forward\", \"backward\"}", "", "a mistake in a part that is no pair costs nothing", f"{THIRD} {GRADE}::test_right_and_half_right"),
    checking("        return [one._replace(way=\"\") for one in found]", "        return found", "a file that cannot be loaded earns the backward of a part that has none", f"{SHARES}::test_a_part_that_is_no_pair_is_right_or_not"),
    shares("way} {most * (way not in wrong)} of", "way} {most * (way in wrong)} of", "the shares are told the other way round", THIRD),
    shares("    if not all(one.kind.partition(\":\")[0] in SLIPS for one in found):", "    if False:", "the backward of a source counts beside its forward", OTHER),
    shares("    if still := [name for name, want in numeric.items() if not np.any(want)]:", "    if still := []:", "a forward of zeros has a right backward", EASY),
    shares("    if abs(likeness(case, numeric)) < LIKE:", "    if False:", "a forward is something else where it is differentiated", FACES),
    shares("    return check_backward(session, case, *results, judge=own)", "    return []", "a wrong backward counts beside a wrong forward", f"{SHARES}::test_a_wrong_file_loses_what_is_wrong"),
    shares("    return check_part(session, part, dialect, rng, beside=beside_a_wrong_forward)", "    return check_part(session, part, dialect, rng)", "a backward beside a wrong forward is not looked at",
           f"{SHARES}::test_a_forward_that_is_chosen_to_be_easy_earns_nothing {SHARES}::test_a_file_with_other_equations_earns_nothing"),
    checking("first if forward.values is None else forward)", "forward)", "a backward that ends the process takes its forward with it", BREAKS),
    case("text if hidden is None else hidden),\n                   way)", "text if hidden is None else hidden))", "a finding is of neither way: all or nothing", f"{SHARES}::test_a_wrong_file_loses_what_is_wrong"),
    case("    return Result(None, \"returns other shapes in another call\") if wrong else result", "    return result", "other shapes in another call end the file's grading",
             f"{SHARES}::test_whatever_a_call_returns_the_rest_is_judged"),
    checking("for one in (again, *halves) if", "for one in halves if", "a backward that fails the second time ends the check", f"{SHARES}::test_whatever_a_call_returns_the_rest_is_judged"),
    checking("for one in (again, *halves) if", "for one in (again,) if", "a backward that fails for some dh ends the check", f"{SHARES}::test_whatever_a_call_returns_the_rest_is_judged"),
    checking("\"error\")._replace(way=\"backward\")]", "\"error\")]", "a forward that cannot be differentiated has a right backward", f"{SHARES}::test_a_forward_that_fails_nearby_has_no_right_backward"),
    Mutant("tinydmn/cli/grade.py", "if kind_of(args.csv) and not args.resume:", "if False:", f"{GRADE}::test_a_mistake_is_one_line", "a table is written over what is there"),
    # what stands in for a wrong part
    grade("    if after.points < before.points or after.says == before.says:", "    if True:", "a part is punished for another's mistake", ONCE),
    grade("or after.says == before.says:", "or False:", "a part is said to stand beside a right one that it does not call", f"{ANSWERING}::test_a_gate_that_has_it_all_inside_keeps_its_points_and_its_lines"),
    grade("numba=self.numba, others=others)", "numba=self.numba)", "nothing stands in", ONCE),
    answering("right[one] = not grader.found(timed, name, every[one], grader.seed)", "right[one] = True", "a part that is not asked for is taken for right", ONCE),
    answering("            if not right[one]:\n", "            if True:\n", "what is right is replaced too", ONCE),
    answering("dialect_of(grader.whose(name))", "dialect_of(None)", "the paper's equations stand in for the student's", f"{ANSWERING}::test_in_a_dialect"),
    answering("        if sum(a.size for a in arrays) > MOST:", "        if False:", "a question takes all the grader's time", f"{ANSWERING}::test_what_is_no_question_is_not_answered"),
    answering("                if monotonic() > until:", "                if False:", "an answer may take for ever", f"{ANSWERING}::test_what_is_no_question_is_not_answered"),
    answering("                if d.shape != out.shape:", "                if False:", "a derivative of another shape is spread over the output", f"{ANSWERING}::test_what_is_no_question_is_not_answered"),
    answering("np.where(np.isclose(wide, short, **BACKWARD), wide, short)", "wide", "a kink is differentiated across", f"{ANSWERING}::test_near_a_kink_a_shorter_step_is_taken"),
    answering("np.where(np.isclose(wide, short, **BACKWARD), wide, short)", "short", "a stand-in has nine digits", f"{ANSWERING}::test_a_stand_ins_derivatives_have_ten_digits_and_are_linear"),
    answering("            while len(self.known) >= KEPT:", "            while False:", "questions fill the grader's memory", f"{ANSWERING}::test_a_stand_ins_derivatives_have_ten_digits_and_are_linear"),
    asking("            a += more\n", "            a[...] = more\n", "a stand-in overwrites what it should add to", f"{ANSWERING}::test_a_stand_in_is_the_definition_and_adds_into_what_it_gets"),
    asking("a.astype(like[0]) if like else a", "a", "a stand-in returns float64 for float32", f"{ANSWERING}::test_a_stand_in_is_the_definition_and_adds_into_what_it_gets"),
    session("                if not (self.others and \"ask\" in answer):", "                if \"ask\" not in answer:", "every file may ask", f"{ANSWERING}::test_a_file_is_answered_what_it_may_ask_and_no_longer_than_it_has_time"),
    session("raw, until - monotonic())", "raw, self.seconds + GRACE)", "a file that asks has time without end", f"{ANSWERING}::test_a_file_is_answered_what_it_may_ask_and_no_longer_than_it_has_time",
            "its own alarm ends it; this is for a file that has taken that away"),
    student("        if self.late:\n            raise TimeUp\n        if answer", "        if answer", "time that runs out while a file asks is not told", f"{ANSWERING}::test_time_that_runs_out_while_a_file_asks_is_told"),
    # what is kept of a class
    grade("part.points in range(part.most + 1))", "True)", "a damaged result gives more points than there are", DAMAGED),
    grade("        if parts != [(part.name, points, True) for part, points in grader.assignment.parts]:", "        if False:", "a result without a part ends in a traceback", DAMAGED),
    grade("        notice(at, f\"{at}: is damaged, and is made again\")\n", "", "a damaged result is made again in silence", DAMAGED),
    grade("    except FileNotFoundError:\n        return None\n", "", "who has not been graded yet is said to be damaged", DAMAGED),
    grade("self.by_name, FORWARD])", "self.by_name])", "results of other shares are kept", f"{GRADE}::test_a_class_goes_on_where_it_was_stopped"),
    grade("            if out:\n                write_whole(", "            if out and len(reports) + 1 == len(paths):\n                write_whole(", "results are written when all are there", f"{GRADE}::test_a_killed_run_goes_on {CLASS}::test_a_small_class"),
    student("        except BrokenPipeError:\n            go(0)\n", "        except BrokenPipeError:\n            leave(0)\n", "a killed grader's children leave their folders", f"{SESSION}::test_nobody_stays_behind"),
]
