"""Mistakes in cli/ (but for train, eval, data and table), in the program itself, in the benchmark and in what a terminal shows."""

from . import Mutant

ASK, NUMBERS, CLI, INTERRUPT, BENCH, TERMINAL = (f"tests/test_{name}.py" for name in ("ask", "numbers", "cli", "interrupt", "bench", "terminal"))
GRADCHECK = f"{CLI}::test_gradcheck_says_which_back_end_is_wrong {CLI}::test_gradcheck_of_one_back_end {CLI}::test_gradcheck_checks_every_entry_of_every_parameter"


def ask(old, new, what, tests=ASK):
    return Mutant("tinydmn/cli/ask.py", old, new, tests, what)


MUTANTS = [
    # ask
    Mutant("tinydmn/tasks/task.py", "words = [sentence_words(fact) for fact in facts]", "words = [sentence_words(fact) for fact in facts[::-1]]", ASK, "facts in the wrong order"),
    Mutant("tinydmn/answer.py", "Question(words, [], n_facts), typed", "Question(words, [], max(1, n_facts - 1)), typed", ASK, "the last fact is not seen"),
    ask("unknown = model.vocabulary.unknown([w for words in (*facts, question) for w in words])", "unknown = model.vocabulary.unknown(question)",
        "unknown words of facts are not named"),
    ask("plot_attention(labels, gates, args.plot", "plot_attention(labels, gates[::-1], args.plot", "the picture's passes are mirrored"),
    ask("p = softmax(out.logits[0].astype(np.float64)).max(axis=-1)", "p = softmax(out.logits[0].astype(np.float64)).min(axis=-1)", "a tag with another's probability"),
    ask("known = \"\" if not model", "known = \"\" if model", "known words are called unknown"),
    Mutant("tinydmn/tasks/sst.py", "[word.lower() for word in treebank_words(text, known)]", "treebank_words(text, known)", ASK, "capitals of a text are kept"),
    ask("(max(map(columns, texts)) + 2 for texts", "(max(map(len, texts)) + 2 for texts", "letters are counted, not columns"),
    ask("[w for w in model.vocabulary.words if not w.startswith(\"<\")]", "[w for w in model.vocabulary.words]", "our markers are called words"),
    ask("if args.plot and not model.config.passes:", "if False:", "a picture of no pass at all"),

    # numbers and what is common
    Mutant("tinydmn/cli/common.py", "SEEDS = {\"least\": 0,", "SEEDS = {\"least\": -1,", NUMBERS, "a seed of -1"),
    Mutant("tinydmn/cli/common.py", "{\"least\": 1, \"most\": 100_000}", "{\"least\": 1, \"most\": 10_000_000_000}", NUMBERS, "thousands of millions of stories"),
    Mutant("tinydmn/cli/common.py", "            check_value(\"it\", value, type_, limits)", "            pass", NUMBERS, "no bounds"),
    Mutant("tinydmn/cli/common.py", "if getattr(args, f.name) is not None}", "if getattr(args, f.name)}", NUMBERS, "a 0 that was given is not"),
    Mutant("tinydmn/cli/common.py", "number(f.type, **limits(f))", "f.type", NUMBERS, "options of Config without bounds"),
    Mutant("tinydmn/cli/common.py", "(default {f.default})", "", NUMBERS, "help without defaults"),
    Mutant("tinydmn/cli/common.py", "choices=BACKENDS, default=\"numba\"", "choices=BACKENDS, default=\"numpy\"", NUMBERS, "the slow back end where nothing is said"),
    Mutant("tinydmn/cli/bench.py", "\"--rounds\", type=number(least=1, most=1000)", "\"--rounds\", type=int", NUMBERS, "no rounds at all"),
    Mutant("tinydmn/cli/gradcheck.py", "\"--entries\", type=number(least=1,", "\"--entries\", type=number(least=0,", NUMBERS, "no entries at all"),
    Mutant("tinydmn/cli/gradcheck.py", "if args.entries and not args.checkpoint:", "if False:", NUMBERS, "--entries without a checkpoint is ignored"),
    Mutant("tinydmn/cli/__init__.py", "        args = parser().parse_args(argv)\n", "        args = parser().parse_args()\n", f"{CLI}::test_how_a_command_ends_is_its_exit_code",
           "the arguments of the process for those given"),

    # how a command ends
    Mutant("tinydmn/cli/__init__.py", "return args.run(args) or 0", "return args.run(args) and 0", f"{CLI}::test_how_a_command_ends_is_its_exit_code", "an exit code is lost"),
    Mutant("tinydmn/cli/__init__.py", "        return 2\n", "        return 1\n", f"{CLI}::test_how_a_command_ends_is_its_exit_code", "exit code 1 for the user's mistakes"),
    Mutant("tinydmn/cli/__init__.py", "        return 130\n", "        return 1\n", f"{CLI}::test_how_a_command_ends_is_its_exit_code", "exit code 1 after Ctrl-C"),
    Mutant("tinydmn/cli/__init__.py", "with threads.interruptible():", "if True:", f"{CLI}::test_a_system_error_that_was_ctrl_c_in_a_kernel", "Ctrl-C in a kernel is a SystemError"),
    Mutant("tinydmn/cli/__init__.py", "return \" \".join(str(message).splitlines())", "return str(message)", f"{CLI}::test_how_a_command_ends_is_its_exit_code", "a message of two lines"),
    Mutant("tinydmn/__main__.py", "            signal.signal(signal.SIGINT, _leave)", "            pass", f"{INTERRUPT}::test_ctrl_c_while_the_package_is_loading", "Ctrl-C while the package loads is a traceback"),
    Mutant("tinydmn/__main__.py", "    os._exit(130)", "    os._exit(1)", f"{INTERRUPT}::test_ctrl_c_while_the_package_is_loading", "another exit code while the package loads"),
    Mutant("tinydmn/__main__.py", "        if heeds:\n            signal.signal(signal.SIGINT, _leave)", "        if True:\n            signal.signal(signal.SIGINT, _leave)",
           f"{INTERRUPT}::test_a_background_job_goes_on_after_ctrl_c",
           "a background job heeds Ctrl-C"),
    Mutant("tinydmn/__main__.py", "            sys.stdout.flush()\n", "            pass\n", f"{INTERRUPT}::test_a_reader_that_has_gone_is_no_error", "a reader that has gone is noticed too late"),
    Mutant("tinydmn/__main__.py", "    except BrokenPipeError:", "    except ZeroDivisionError:", f"{INTERRUPT}::test_a_reader_that_has_gone_is_no_error", "a reader that has gone is a traceback"),
    Mutant("tinydmn/__main__.py", "return _later()", "return None", f"{INTERRUPT}::test_ctrl_c_at_a_bad_moment_comes_again",
           "Ctrl-C during a further import is forgotten"),
    Mutant("tinydmn/__main__.py", "            sys.unraisablehook = _unraisable\n", "", f"{INTERRUPT}::test_ctrl_c_at_a_bad_moment_comes_again",
           "Ctrl-C in a destructor is printed and forgotten"),
    Mutant("tinydmn/bench/worker.py", "    signal.signal(signal.SIGINT, signal.SIG_IGN)\n", "    pass\n", INTERRUPT, "a worker of the benchmark heeds Ctrl-C by itself",
           harmless="its traceback goes where nobody reads it, and who asked for its work is stopped by the same Ctrl-C"),
    Mutant("tinydmn/__init__.py", "return sorted([*globals(), *__all__])", "return sorted(globals())", f"{CLI}::test_the_public_names", "public names are hidden"),

    # gradcheck
    Mutant("tinydmn/cli/gradcheck.py", "backends = [args.backend] if args.backend else BACKENDS", "backends = [args.backend or \"numba\"]", GRADCHECK, "one back end alone"),
    Mutant("tinydmn/cli/gradcheck.py", "return 0 if worst <= WORST else 1", "return 0", f"{CLI}::test_gradcheck_says_which_back_end_is_wrong", "a wrong derivative is no failure"),
    Mutant("tinydmn/cli/gradcheck.py", "for error, *_ in checked.values())\n", "for error, *_ in list(checked.values())[:1])\n", f"{CLI}::test_gradcheck_says_which_back_end_is_wrong",
           "the worst of the first parameter alone"),
    Mutant("tinydmn/cli/gradcheck.py", "models = [network(config, vocabulary, backend, args.seed, \"float64\")",
           "models = [network(config, vocabulary, backend, 0, \"float64\")", f"{CLI}::test_gradcheck_of_one_back_end", "--seed does nothing"),
    Mutant("tinydmn/cli/gradcheck.py", "\"dropout\": 0.3}", "\"l2\": 0.3}", f"{CLI}::test_gradcheck_runs_every_derivative_of_both_back_ends", "dropout is not checked"),
    Mutant("tinydmn/cli/gradcheck.py", "*with_helpers(ran)", "*ran", f"{CLI}::test_gradcheck_runs_every_derivative_of_both_back_ends", "files of compiled helpers are not named"),
    Mutant("tinydmn/cli/gradcheck.py", "\"lstm\": {\"cell\": \"lstm\"},", "\"lstm\": {\"cell\": \"gru\"},", f"{CLI}::test_gradcheck_runs_every_derivative_of_both_back_ends",
           "the LSTM is not checked"),
    Mutant("tinydmn/cli/gradcheck.py", "for backend, (error, _, says) in zip(backends, found):", "for backend, (error, _, says) in zip(backends[::-1], found):",
           f"{CLI}::test_gradcheck_says_which_back_end_is_wrong", "the other back end is blamed"),
    Mutant("tinydmn/cli/gradcheck.py", "if error > WORST and exact.size == np.prod(shape):", "if False:", f"{CLI}::test_gradcheck_sees_a_wrong_sign_and_says_where",
           "block and factor are not said"),
    Mutant("tinydmn/cli/gradcheck.py", "            model.theta = trained.theta\n", "            pass\n", f"{CLI}::test_gradcheck_of_a_checkpoint", "not the network that was given",
           ),
    Mutant("tinydmn/cli/gradcheck.py", "models, batch, args.entries or ENTRIES", "models, batch, ENTRIES", f"{CLI}::test_gradcheck_of_a_checkpoint", "--entries does nothing"),

    # info and the benchmark
    Mutant("tinydmn/cli/info.py", "figures[package] = None", "pass", BENCH, "what is not installed is not named"),
    Mutant("tinydmn/cli/info.py", "\"threads\": threads.count()", "\"threads\": os.cpu_count()", BENCH, "TINYDMN_THREADS is ignored"),
    Mutant("tinydmn/cli/info.py", "\"tqdm\", \"wcwidth\",", "\"tqdm\",", BENCH, "a package is not named"),
    Mutant("tinydmn/cli/bench.py", "{\"one-thread\": (\"numba\", 1)}", "{\"one-thread\": (\"numba\", n)}", BENCH, "as many threads against as many"),
    Mutant("tinydmn/cli/bench.py", "\"share_of_sgemm\": flop / seconds / rate", "\"share_of_sgemm\": rate * seconds / flop if flop else 0", BENCH, "a share upside down"),
    Mutant("tinydmn/cli/bench.py", "\"us\": 1e6 * seconds", "\"us\": 1e3 * seconds", BENCH, "milliseconds called microseconds"),
    Mutant("tinydmn/cli/bench.py", "theirs, args.seed, args.data, args.rounds)", "theirs, args.seed, args.data)", BENCH, "--rounds does nothing"),
    Mutant("tinydmn/cli/bench.py", "cases(args.tasks, args.stories, episodes)", "cases(args.tasks, 32, episodes)", BENCH, "--stories does nothing"),
    Mutant("tinydmn/bench/compare.py", "ratio = times[:, 1] / times[:, 0]", "ratio = times[:, 0] / times[:, 1]", BENCH, "the ratio upside down"),
    Mutant("tinydmn/bench/compare.py", "\"ratio\": np.median(ratio)", "\"ratio\": np.median(times[:, 1]) / np.median(times[:, 0])", BENCH, "the ratio of the medians"),
    Mutant("tinydmn/bench/compare.py", "\"ratio_least\": ratio.min(), \"ratio_largest\": ratio.max()", "\"ratio_least\": ratio.max(), \"ratio_largest\": ratio.min()", BENCH,
           "least and largest exchanged"),
    Mutant("tinydmn/bench/compare.py", "\"their_examples_per_second\": questions / np.median(times[:, 1])", "\"their_examples_per_second\": questions / np.median(times[:, 0])", BENCH,
           "their rate is ours"),
    Mutant("tinydmn/bench/compare.py", "[s.seconds(n) / n for s, n in zip(sides, steps)]", "[s.seconds(n) for s, n in zip(sides, steps)]", BENCH, "the time of a turn for that of a step"),
    Mutant("tinydmn/bench/compare.py", "    finally:\n        for s in sides:\n            s.close()", "    finally:\n        pass", BENCH, "workers stay behind"),
    Mutant("tinydmn/bench/worker.py", "        clip(dtheta, config.clip)\n", "", BENCH, "our side does not clip"),
    Mutant("tinydmn/bench/worker.py", "        taken += 1\n        J,", "        taken = 1\n        J,", BENCH, "Adam's count of steps stands still"),
    Mutant("tinydmn/bench/worker.py", "    model.threads = n_threads\n", "", BENCH, "one thread against as many as there are"),
    Mutant("tinydmn/bench/worker.py", "replace(s, questions=s.questions[-1:])", "replace(s, questions=s.questions[:1])", BENCH, "the first question for the last"),
    Mutant("tinydmn/bench/worker.py", "make_batches(int(task), int(stories), int(seed), data or None)", "make_batches(int(task), int(stories), 0, data or None)", BENCH, "--seed does nothing",
           ),
    Mutant("tinydmn/bench/operations.py", "best, spent = min(best, seconds), spent + seconds", "best, spent = seconds, spent + seconds", BENCH, "the last time for the best"),
    Mutant("tinydmn/bench/operations.py", "product = 2 * H * H ", "product = H * H ", BENCH, "multiplications without additions"),

    # terminal
    Mutant("tinydmn/terminal.py", "return wcswidth(shown(text))", "return len(shown(text))", TERMINAL, "letters are counted, not columns"),
    Mutant("tinydmn/terminal.py", "c if c.isprintable() or c in JOINERS else \" \"", "c", TERMINAL, "control characters are shown"),
    Mutant("tinydmn/terminal.py", "for c in text).rstrip(JOINERS)", "for c in text)", TERMINAL, "a joiner joins what stands behind the text"),
    Mutant("tinydmn/terminal.py", "room = width - columns(ellipsis)", "room = width", TERMINAL, "no room for the ellipsis"),
    Mutant("tinydmn/terminal.py", "text = text[:n].rstrip(JOINERS + \" \") + ellipsis", "text = text[:n].rstrip() + ellipsis", TERMINAL, "a joiner joins the ellipsis"),
    Mutant("tinydmn/terminal.py", "columns(lines[-1]) + 1 + columns(word) > width", "columns(lines[-1]) + columns(word) > width", TERMINAL, "a line one column too long"),
    Mutant("tinydmn/terminal.py", "_cell(gates[i, first], cell, ramp, colour) for i in passes)", "_cell(gates[i, first], cell, ramp, colour) for i in reversed(passes))", TERMINAL,
           "passes mirrored"),
    Mutant("tinydmn/terminal.py", "rows.append((len(facts), len(facts) + 1, DONE))", "rows.insert(0, (len(facts), len(facts) + 1, DONE))", TERMINAL, "end-of-passes first"),
    Mutant("tinydmn/terminal.py", "(marker if first in support else \"  \")", "(marker if first + 1 in support else \"  \")", TERMINAL, "the fact before the supporting one is marked"),
    Mutant("tinydmn/terminal.py", "ramp[min(4, int(weight * 5))]", "ramp[4 - min(4, int(weight * 5))]", TERMINAL, "darker is less"),
    Mutant("tinydmn/terminal.py", "i = round(weight * (len(_BACKGROUND) - 1))", "i = round((1 - weight) * (len(_BACKGROUND) - 1))", TERMINAL, "darker colours are less"),
    Mutant("tinydmn/terminal.py", "{t for t in gates.argmax(axis=1).tolist() if t < n_facts}", "{t for t in gates.argmin(axis=1).tolist() if t < n_facts}", TERMINAL,
           "a pass's weakest fact is shown"),
    Mutant("tinydmn/terminal.py", "others[:max(0, most - len(shown))]", "others[:most]", TERMINAL, "more facts than there is room for"),
    Mutant("tinydmn/terminal.py", "if weight[t] >= least and t not in shown]", "if t not in shown]", TERMINAL, "facts without weight are shown"),
    Mutant("tinydmn/terminal.py", "math.ceil(heaviest * 100) / 100", "math.floor(heaviest * 100) / 100", TERMINAL, "a bound that is none"),
    Mutant("tinydmn/terminal.py", "return np.clip(gates, 0.0, 1.0), support", "return gates, support", TERMINAL, "weights a little beyond 1"),
    Mutant("tinydmn/terminal.py", "if support and max(support) >= len(facts):", "if support and max(support) > len(facts):", TERMINAL, "end-of-passes as a supporting fact"),
    Mutant("tinydmn/terminal.py", "    if os.environ.get(\"NO_COLOR\"):\n        return False\n", "", TERMINAL, "NO_COLOR is ignored"),
]
