"""Mistakes in the course's exercises in Numba, in its network, and in how a student's process runs them."""

from . import Mutant

T = "tests/course/test_fast.py::test_"
TRIES, NUMBERS, TIMED = f"{T}the_best_of_three_tries_counts", f"{T}wrong_numbers_have_no_time", f"{T}what_is_timed_cannot_be_answered_from_an_earlier_call"
RIGHT, WRONG = f"{T}right_files_lose_nothing", f"{T}wrong_files_are_found_named_and_told_in_a_line_without_the_cases_numbers"
KERNEL, GRU = f"{T}messages_about_a_kernel_name_the_array_the_index_and_the_launch", f"{T}messages_about_the_compiled_gru"
DIALECT, LOOP, BITS = f"{T}another_dialect_asks_other_numbers", f"{T}the_loop_in_numpy_is_the_definition", f"{T}a_kernel_gives_the_same_bits_twice"
SIMULATOR, WALLS, KEPT = f"{T}a_students_kernel_runs_in_the_simulator", f"{T}walls_stand_where_numba_is_allowed", f"{T}what_is_compiled_may_be_kept"
NETWORK, ONLY, PAIRS = f"{T}right_functions_make_a_network", f"{T}a_mistake_that_only_a_network_shows", f"{T}wrong_functions_make_none"
LASTS, LITTLE, TWO = f"{T}a_state_lasts_in_every_dialect", f"{T}functions_that_learn_nothing_answer_too_little", f"{T}the_better_of_two_trainings_counts"


def of(file):
    return lambda old, new, what, tests: Mutant(f"tinydmn/course/{file}.py", old, new, tests, what)


gru, kernel, network = (of(f"exercises/{name}") for name in ("fast_gru", "cuda_update", "network"))
tiny = of("exercises/network_example")
EXAMPLES = "tests/course/test_examples.py::test_the_example_of_the_"
student, walls, session = of("student"), of("walls"), of("session")

MUTANTS = [
    gru("best = max(best, median(ours) / median(theirs))", "best = median(ours) / median(theirs)", "the last try counts, not the best", TRIES),
    gru("median(ours) / median(theirs)", "median(theirs) / median(ours)", "slow is fast", TRIES),
    gru("median(ours) / median(theirs)", "max(ours) / max(theirs)", "one slow turn decides", f"{T}one_turn_that_is_slow_by_chance_counts_for_nothing"),
    gru("        if best >= NEEDED:\n", "        if best >= 1.0:\n", "less is asked than is said", TRIES),
    gru("            if not is_right(result, right):\n", "            if result.error:\n", "wrong numbers, fast, are fast", NUMBERS),
    gru("np.float32))\nSINGLE", "np.float64))\nSINGLE", "float32 is not tried", GRU),
    gru("    cases.append(cases[0])", "    list(cases)", "a call that spoils a later one is not seen", GRU),
    gru("z * (h - h_tilde) if dialect.keep == \"z\"", "z * (h - h_tilde) if dialect.keep", "the loop in NumPy is the paper's alone", LOOP),
    gru("            found = [named(case, result, one) if not one.kind else one for one in found]\n", "", "mistakes in loops are not named", WRONG),
    kernel("SIZES = ((THREADS, 3, 0), (1, 2, 0), (THREADS - 1, 5, 0), (THREADS + 1, 2, 0),\n         (2 * THREADS + 3, 3, 1))", "SIZES = ((THREADS, 3, 0), (1, 2, 0), (THREADS - 1, 5, 0))", "one block alone is tried", KERNEL),
    kernel("SIZES = ((THREADS, 3, 0), (1, 2, 0), (THREADS - 1, 5, 0), (THREADS + 1, 2, 0),\n         (2 * THREADS + 3, 3, 1))", "SIZES = ((THREADS, 3, 0), (2 * THREADS, 2, 0))", "each thread has a row", KERNEL),
    kernel("rng.normal(size=shape) for shape in shapes", "np.zeros(shape) for shape in shapes", "results hold 0 before", KERNEL),
    kernel("        if not np.array_equal(whole[Q:], before[Q:], equal_nan=True):\n", "        if False:\n", "rows behind the last may be written", WRONG),
    kernel("        if not np.array_equal(before, after):\n", "        if False:\n", "what is only to be read may be changed", KERNEL),
    kernel("    if again.values is None or not all(same):\n", "    if again.values is None:\n", "other bits in a second run", BITS),
    kernel("sign, new = (1.0, g) if dialect.keep == \"z\"", "sign, new = (1.0, g) if dialect.keep", "the paper's equation for all", DIALECT),
    kernel("    if spare and result.error.startswith(\"IndexError\"):\n", "    if False:\n", "a missing guard is not named", KERNEL),
    kernel("    hidden = f\"{result.error.partition(':')[0]}{said}\"\n", "    hidden = f\"{result.error}{said}\"\n", "an exception may tell the numbers of a hidden case", KERNEL),
    student("            if type(f) is not self.kernel:\n", "            if not hasattr(f, \"__getitem__\"):\n", "what looks like a kernel is one", SIMULATOR),
    student("    for k in range(1, times):\n        total = total + value_of(0, f(roll(first, k, 1), *more), 1)\n", "    for _ in range(1, times):\n        total = total + value_of(0, f(first, *more), 1)\n", "all timed calls are one", TIMED),
    student("        total = total + value_of(0, f(roll(first, k, 1), *more), 1)\n", "        total = value_of(0, f(roll(first, k, 1), *more), 1)\n", "the last timed call alone is looked at", TIMED),
    student("        if kept:\n", "        if False:\n", "cache=True fails", KEPT),
    student("not_announced(threads=not with_numba)", "with_numba or not_announced()", "processes where Numba is allowed", WALLS),
    walls("if name != \"ctypes\" or not numba}", "if not numba}", "the network where Numba is allowed", WALLS),
    session("**({\"NUMBA_ENABLE_CUDASIM\": \"1\"} if self.numba else {}),", "", "no simulator", SIMULATOR),
    session("if numba and find_spec(\"numba\") is None:", "if False:", "without Numba there is a traceback", f"{T}without_numba_it_is_said_in_a_line"),
    network("-1.0 if dialect.keep == \"1-z\" else 1.0", "-1.0", "z is turned for all", LASTS),
    network("-1.0 if dialect.keep == \"1-z\" else 1.0", "1.0", "a state that lasts is forgotten where 1 - z keeps", LASTS),
    network("        for into, d in zip(dgru, self.turned(added)):", "        for into, d in zip(dgru, added):", "derivatives are not turned back", NETWORK),
    network("        np.add.at(dx, rows, d)\n", "        dx[rows] = d\n", "words that stand twice get one derivative", NETWORK),
    network("    for pair in PAIRS:\n        if found :=", "    for pair in ():\n        if found :=", "pairs are not checked by themselves", PAIRS),
    network("    if worst <= WORST:\n", "    if True:\n", "a network's derivatives are not looked at", ONLY),
    network("            raise Failed(call.function, result.error)\n", "            continue\n", "an exception in a network is a traceback", ONLY),
    network("        if best >= NEEDED:\n            say(text)\n            return []\n", "        return []\n", "any answers are right", LITTLE),
    network("TRIES = 2 ", "TRIES = 1 ", "weights that are unlucky cost points", TWO),
    network("        best = max(best, score.answer_accuracy)\n", "        best = score.answer_accuracy\n", "the last of the trainings counts", TWO),
    gru("defined(part, dialect, arrays))", "defined(part, type(dialect)(), arrays))", "the numbers of an example are the paper's", f"{EXAMPLES}compiled_gru_is_right"),
    gru("\"n\": np.array([STEPS])", "\"n\": np.array([3])", "no step of the example is padding", f"{EXAMPLES}compiled_gru_is_right"),
    kernel("backward(dialect, **arrays)))", "backward(dialect, **{**arrays, \"g\": 1 - arrays[\"g\"]})))", "in the example g and 1 - g are exchanged", f"{EXAMPLES}kernel_is_right"),
    kernel("\"g\": [0.0, 1.0, 0.25]", "\"g\": [0.0, 0.5, 0.25]", "no gate of the example is open", f"{EXAMPLES}kernel_is_right"),
    kernel("dg, dh_new, dh_prev = np.full(3, np.nan), ", "dg, dh_new, dh_prev = np.full(2, np.nan), ", "the example's arrays are too short", f"{EXAMPLES}kernel_runs_as_it_is_pasted"),
    tiny("gate_forward(c, q, q, W_b", "gate_forward(c, q, 0 * q, W_b", "the gate of the example sees no question", f"{EXAMPLES}network_is_the_librarys"),
    tiny("gru_cell_forward(e, q, *of_memory)", "gru_cell_forward(e, e, *of_memory)", "the memory of the example does not begin as q", f"{EXAMPLES}network_is_the_librarys"),
    tiny("- logits[:, 0]", "- logits[:, 1]", "the example's loss is the other answer's", f"{EXAMPLES}network_is_the_librarys"),
    tiny("np.array([3]))", "np.array([2]))", "the example has no end-of-passes", f"{EXAMPLES}network_is_the_librarys"),
    tiny("defined(part, dialect, dict", "defined(part, type(dialect)(), dict", "the example's numbers are the paper's", f"{EXAMPLES}network_is_right"),
    of("checking")("part.check(session, part, dialect, rng, say)", "part.check(session, part, dialect, rng, print)", "what was measured is not told to who asks", TRIES),
]
