"""Mistakes in course/: the checker of students' files finds less, names wrongly, or tells too much."""

from . import Mutant

T = "tests/course/test_checking.py::test_"
RIGHT, WRONG = f"{T}right_files_lose_nothing", f"{T}wrong_files_are_found_named_and_told_in_a_line_without_the_cases_numbers"
MESSAGES, KEPT, TYPES = f"{T}messages_name_the_array_the_block_the_worst_entry_and_the_mistake", f"{T}what_must_stay_as_it_was", f"{T}types_and_shapes_are_kept"
EDGES, DIALECTS = f"{T}values_at_which_careless_code_fails", f"{T}dialects_stay_what_they_were"
LIBRARY, SHOWN = f"{T}definitions_are_the_librarys_in_the_papers_dialect", f"{T}intermediate_derivatives_are_shown"
WAYS, FORWARDS, FLOATS, QUOTIENT = (f"{T}{name}" for name in (
    "the_kind_of_a_wrong_backward", "the_kind_of_a_wrong_forward", "float32_on_the_way_back_is_seen", "a_backward_that_only_takes_differences_is_seen"))
STUBS = "tests/course/test_stub.py::test_"
EXAMPLES = "tests/course/test_examples.py::test_"
EXCEPTION = f"{T}an_exceptions_message_is_not_repeated_of_a_hidden_case"
OTHER = f"{T}right_files_in_another_dialect_lose_nothing_and_those_of_the_paper_do"


def of(file):
    return lambda old, new, what, tests: Mutant(f"tinydmn/course/{file}.py", old, new, tests, what)


checking, case, kinds, causes, hypotheses, part = (of(name) for name in ("checking", "case", "kinds", "causes", "hypotheses", "part"))
dialect, cell, gate, episode, gru = (of(name) for name in ("dialect", "exercises/gru_cell", "exercises/gate", "exercises/episode", "exercises/gru"))

MUTANTS = [
    checking("for dtype in (np.float64, np.float32))", "for dtype in (np.float64, np.float64))", "float32 is not tried", TYPES),
    checking("            found += check_dtype(single, backward_1, \"backward\")\n", "            pass\n", "a backward may return float64 for float32", TYPES),
    checking("    found += changed(case, \"backward\", result, {\"d\" + k: d for k, d in case.douts.items()})\n", "", "dh may be changed in place", KEPT),
    checking("found = changed(case, \"forward\", result, case.arrays)", "found = []", "arguments may be changed in place", KEPT),
    checking("                     and np.all(np.isfinite(got[name]))]:\n", "                     and False]:\n", "the cache may be changed in place", KEPT),
    checking("case.backward(0), case.backward(0), single", "case.backward(0), case.backward(3), single", "the cache of another call is read", f"{RIGHT} {KEPT}"),
    checking("    return found + (diagnosed(case, got, wrong, numeric) if wrong else [])", "    return found", "wrong gradients are not told", f"{MESSAGES} {WRONG}"),
    checking("        if name in case.start and same(start, got[name]):", "        if False:", "what was rebound is not named", MESSAGES),
    checking("        elif name in case.start and overwritten(got[name], start, want):", "        elif False:", "= for += is not named", MESSAGES),
    case("                {k: draw(arrays[k]) for k in part.params})", "                {k: 0 * draw(arrays[k]) for k in part.params})", "gradients begin at zero", MESSAGES),
    checking("            found += [] if found else check_edge(edge, of, results)\n", "            pass\n", "values at the edges are not tried", EDGES),
    case("result.error.partition(\":\")[0])", "result.error)", "an exception may tell the numbers of a hidden case", EXCEPTION),
    checking("                   f\"disagree{'s' * (n == 1)} with differences{end}\")", "                   f\"{first}, by differences{end}\")", "a hidden text has the right number", WRONG),
    checking("    hidden = f\"does not follow the equations{said}\"\n", "    hidden = text\n", "a hidden text of a forward has the right number", f"{OTHER} {WRONG}"),
    part("BACKWARD = dict(rtol=1e-5, atol=1e-7)", "BACKWARD = dict(rtol=1e-12, atol=1e-14)", "differences must be exact", RIGHT),
    part("FORWARD = dict(rtol=1e-9, atol=1e-11)", "FORWARD = dict(rtol=1e-5, atol=1e-6)", "float32 on the way is not seen", TYPES),
    checking("            for side in (STEP, -STEP):", "            for side in (STEP, STEP):", "differences of nothing", RIGHT),
    causes("kind = other_equations(case, got) or cause_of_forward(ground, got)", "kind = ''", "the other equations are not named", MESSAGES),
    checking("\"close\" if close else \"wrong\"", "\"close\"", "a wrong intermediate derivative is close", SHOWN),
    causes("still + (change[k] if isinstance(change, list) else change) * (value - still)", "value", "no path is scaled", f"{MESSAGES} {WRONG}"),
    causes("TRIES = 3 ", "TRIES = 0 ", "the first guess fits everything", MESSAGES),
    kinds("        return \"transposed\"\n", "        return \"\"\n", "a transposed gradient is not named", f"{T}a_gradient_by_itself_has_a_kind"),
    kinds("    if shifted(got, want):\n", "    if False:\n", "a shift in time is not named", f"{T}a_gradient_by_itself_has_a_kind"),
    kinds("    if lengths is not None and leaks(got, want, lengths):\n", "    if False:\n", "leaked padding is not named", f"{T}a_gradient_by_itself_has_a_kind"),
    kinds("    if axis := summed(got, want):\n", "    if axis := \"\":\n", "a wrong axis is not named", f"{T}a_gradient_by_itself_has_a_kind"),
    dialect("found[:3] != PAPER[:3] and found[3:5] != PAPER[3:5]", "found[:3] != PAPER[:3]", "the paper's eq. (5) is the answer of some students", DIALECTS),
    dialect("sha256(str(student).encode()).digest()", "str(student).encode()", "another dialect for a seed that was handed out", DIALECTS),
    cell("    if dialect.reset == \"after\":\n        reset = r", "    if dialect.reset != \"after\":\n        reset = r", "the reset gates of the two dialects exchanged", f"{LIBRARY} {RIGHT}"),
    gate("apart = np.abs if dialect.distance == \"abs\" else np.square", "apart = np.square if dialect.distance == \"abs\" else np.abs", "the distances exchanged", f"{LIBRARY} {RIGHT}"),
    episode("there = np.arange(s.shape[1]) < n[:, None]", "there = np.arange(s.shape[1]) <= n[:, None]", "padding reaches the softmax", f"{LIBRARY} {RIGHT}"),
    gru("        lives = (t < n)[:, None]\n", "        lives = (t <= n)[:, None]\n", "the definition runs on into padding", f"{LIBRARY} {RIGHT}"),
    part("        down[i] -= STEP\n", "        pass\n", "half of the derivative of an intermediate", SHOWN),
    of("exercises/passes")('at("q added to e", q)', 'at("q", q)', "two places with one name: a message names the wrong one", "tests/course/test_passes.py::test_a_place_has_one_name_and_a_name_one_place"),
    of("exercises/passes")('return at("c in the episode" if name == "c" else name, value, otherwise)', "return at(name, value, otherwise)", "the gate's block c and the episode's c have one name", "tests/course/test_passes.py"),
    of("exercises/passes")('f"{name} in the gate of {which}"', 'f"{name} in the gate of pass 2"', "a pass is said to be the other", "tests/course/test_passes.py"),
    of("exercises/passes")('f"pass {i}")', '"pass 1")', "the second pass has the first's names", "tests/course/test_passes.py::test_a_mistake_between_the_operations_is_named"),
    of("exercises/passes")("lambda m=new: one_pass(dialect, a, m)", "lambda m=new: m", "one pass more is none", "tests/course/test_passes.py::test_a_mistake_between_the_operations_is_named"),
    of("exercises/passes")("[0 * m, q + m]", "[0 * m, q]", "q's derivative reaches m, and q no more", "tests/course/test_passes.py::test_a_mistake_between_the_operations_is_named"),
    of("causes")("later = [0.0] * (T - 1) + [of_first]", "later = [0.0] * T", "the first state is not asked where the last step goes", "tests/course/test_passes.py::test_a_mistake_between_the_operations_is_named"),
    of("causes")("{last: self.outs[last] + moves[0]} if last", "{} if last", "the last state is read where the passes end", "tests/course/test_passes.py::test_a_mistake_between_the_operations_is_named"),
    of("exercises/passes")("x = e + at(", "x = e - at(", "another update than the dialect's", "tests/course/test_passes.py"),
    checking("            raise UserError(str(failed(case, way, result)))\n", "            pass\n", "a file that fails is said to show nothing", "tests/course/test_stub.py::test_exercise_and_check"),
    checking("    if part.check:\n        return []", "    if False:\n        return []", "a part without steps ends in a traceback", "tests/course/test_stub.py"),
    of("precision")("LINEAR = 1e-12", "LINEAR = 1e12", "rounding behind dh is not seen", QUOTIENT),
    of("precision")("DIRECTIONS = 2", "DIRECTIONS = 0", "rounding in the cache is not seen", FLOATS),
    of("precision")("abs(wide - narrow) < TRUSTED * scale and ", "", "a kink nearby is rounding", f"{T}a_kink_nearby_is_no_rounding"),
    of("precision")("far(name, None) and far(name, 0.0)", "far(name, None)", "= for += is not linear", WAYS),
    checking("    if wrong and not leaks and (kind", "    if wrong and (kind", "a number in the padding is not linear", WAYS),
    checking("    if not any(np.any(a != case.start.get(name, 0.0)) for name, a in got.items()):\n", "    if False:\n", "all zeros are two findings", WAYS),
    case("    if shapes != [*likes.values()] and sorted(shapes)", "    if False and sorted(shapes)", "another order is two wrong shapes", f"{T}what_returns_nothing_is_told_what_to_return"),
    checking("            out.append((name, \"several\", None))", "            out.append((name, \"wrong\", None))", "what occurs more than once is wrong", SHOWN),
    causes("later = [*moves[1:], of_first]", "later = [of_first, *moves[:-1]]", "steps gone through forwards are not named", WAYS),
    hypotheses("blocks[name][order.index(i)][1]", "blocks[name][order[i]][1]", "the inverse order of rows is named", FORWARDS),
    hypotheses("(instead_of[0] - usual[0])", "(usual[0] - instead_of[0])", "another operand of a forward is not named", FORWARDS),
    hypotheses("sorted(values, key=len)", "values", "an intermediate has its longer name", f"{T}the_kind_in_another_dialect"),
    causes("if 1 < len(called) < 4 else (", "if False else (", "a place that may be one of two is none", f"{T}a_place_is_named_with_all_that_it_may_be"),
    gate("other[name] = {f\"other equations", "other[name + \"'\"] = {f\"other equations", "another likeness is not named", f"{T}the_likeness_of_another_dialect_is_named"),
    kinds("last - 1] += d[:, -1]", "-1] += d[:, -1]", "a last step counted twice is not named where there is padding", WAYS),
    kinds("d[:, 1:] * lives.reshape(*lives.shape, *[1] * (d.ndim - 2))", "d[:, 1:]", "a derivative handed on is not named where there is padding", WAYS),
    kinds("slopes = [differences(lambda a: f(a).sum(), v) for v in values]", "slopes = values", "the slope of tanh in place of another's is not named", f"{T}the_kind_in_another_dialect"),
    of("stub")("if count[name] == 1 and name in words", "if name in words", "a stub offers what cannot be checked", f"{STUBS}a_stub_offers_steps_that_can_be_checked"),
    of("catalogue")("\"utf-8-sig\"", "\"utf-8\"", "a file that begins with a mark is not Python", f"{STUBS}a_file_may_begin_with_a_mark"),
    of("stub")("np.array({listed(a)})", "{listed(a)}", "an example that is pasted makes lists, not arrays", f"{EXAMPLES}the_example_of_a_pair_is_right"),
    of("stub")("_forward({', '.join(arrays)})\"", "_forward({', '.join(sorted(arrays))})\"", "an example calls with its arguments in another order", f"{EXAMPLES}the_example_of_a_pair_is_right"),
    of("stub")("np.round(np.asarray(a), 6) + 0)", "np.round(np.asarray(a), 6))", "an example says -0.0", f"{EXAMPLES}a_number_is_never_minus_zero"),
    Mutant("tinydmn/cli/common.py", "    if not text.strip() or not", "    if not", f"{STUBS}whose_equations_is_a_name", "nobody is a student"),
    Mutant("tinydmn/cli/grade.py", "    if not ASSIGNMENTS[name].parts:\n", "    if False:\n", "tests/course/test_stub.py", "0 of 0 points for what is graded by hand"),
]
