"""Mistakes in lessons 1 to 4, in what all lessons share, and in the pictures that only they draw."""

from . import Mutant

ONE, TWO, THREE, FOUR = (f"lessons/{name}.py" for name in ("01_words_and_the_gru", "02_back_through_time", "03_episodic_memory", "04_training"))
BACK_TO, FLOW, BACK_TESTS = "lessons/03b_back_through_an_episode.py", "tinydmn/plots/flow.py", "tests/test_lessons_03b.py"
WRITES, NOTEBOOKS = "tinydmn/cli/lessons.py", "tests/test_notebooks.py"
COMMON, CURVES, ATTENTION = "lessons/common.py", "tinydmn/plots/curves.py", "tinydmn/plots/attention.py"
EARLY, LATE = "tests/test_lessons_01_02.py", "tests/test_lessons_03_04.py"
at = lambda file, *names: " ".join(f"{file}::test_{name}" for name in names)
BY_HAND, FELT, IN_A_BATCH, ONE_TURNS = (at(EARLY, f"lesson_1_{name}") for name in ("can_be_followed_with_a_pocket_calculator", "shows_how_far_a_changed_word_is_felt", "reads_a_batch_as_it_reads_a_story", "your_turn"))
BESIDE, BACK, LEFT, EVERY = (at(EARLY, f"lesson_2_{name}") for name in ("prints_every_derivative_beside_its_difference", "goes_back_rightly", "prints_what_is_left_at_the_first_word", "judges_by_every_draw"))
SCENES, FOUR_NETS, THREE_SAYS, TELLS, THREE_JUDGES = (at(LATE, f"lesson_3_{name}") for name in (
    "works_by_hand_what_it_says", "trains_with_one_pass_and_with_three_told_and_not_told", "prints_what_its_networks_say", "shows_what_three_told_passes_alone_have_right",
    "draws_its_conclusions_from_the_numbers"))
LOSS, SLOPES, STRUCK, THREE_TIMES, KEEPS, DRAWS, FOUR_SAYS, FOUR_JUDGES = (at(LATE, f"lesson_4_{name}") for name in (
    "counts_a_loss_by_hand", "prints_slopes_with_and_without_the_answers_loss", "strikes_out_the_first_fact", "trains_one_network_three_times", "keeps_losses_that_can_be_compared",
    "draws_its_losses_and_where_beta_begins", "prints_what_its_networks_say", "draws_its_conclusions_from_the_numbers"))
CLAIM, SAME, SETS, PLACES, MORE = at(EARLY, "a_claim_says_whether_it_holds_and_why"), at(EARLY, "what_is_the_same"), *(
    at(LATE, name) for name in ("stories_to_learn_from_to_choose_on_and_to_judge_by", "places_of_a_question_and_the_weight_on_them", "more_is_more_beyond_chance"))
SHOWN, TRACE, NOTES, LEAST = at(LATE, "lessons_show_a_question_that_tells"), at(EARLY, "a_trace_is_drawn_word_by_word"), at(LATE, "a_word_below_each_pass"), at(LATE, "panels_of_ones_own_and_the_least_loss")
SOFTMAX, PULLED, KINK, SHARE, TWO_WAYS, BACK_TURNS, DRAWN_BACK, COUNTED = (at(BACK_TESTS, name) for name in (
    "a_softmax_by_hand", "a_gate_is_pulled_to_the_side_the_loss_wants", "the_kink", "all_passes_share_and_add_up", "the_pull_on_each_score_and_the_two_ways_it_came", "your_turn",
    "the_way_back_is_drawn_fact_by_fact_and_pass_by_pass", "the_lesson_draws_what_it_counted"))
ONE_LINE, IS_A_NOTEBOOK, RUNS_AS_ONE = (at(NOTEBOOKS, name) for name in (
    "a_notebook_shows_one_line_where_a_terminal_shows_a_bar", "each_lesson_is_a_notebook", "a_lesson_runs_as_a_notebook"))

MUTANTS = [
    # ---- lesson 1
    Mutant(ONE, "f\"{a:+10.6f}{v:+10.6f}\" for a, v in zip(hand, array[0]))", "f\"{a:+10.6f}{v:+10.6f}\" for a, v in zip(hand, array[0][::-1]))", BY_HAND, "the units of NumPy's column swapped"),
    Mutant(ONE, "    h_hand = h_new\n", "", BY_HAND, "by hand every word is the first"),
    Mutant(ONE, "place = ends[FACT - 2] + 1 if FACT > 1 else 0", "place = ends[FACT - 2] if FACT > 1 else 0", FELT, "changes the word before the fact"),
    Mutant(ONE, "changed = tokens.copy()", "changed = tokens", FELT, "both texts are changed"),
    Mutant(ONE, "trace = {b_z: move[b_z][ends[[FACT - 1, 9]]] for b_z in B_Z}", "trace = {b_z: move[b_z][ends[[FACT, 9]]] for b_z in B_Z}", FELT, "the trace begins a fact too late"),
    Mutant(ONE, "left = {b_z: at_10 / at_change if at_change else 0.0", "left = {b_z: at_change / at_10 if at_10 else 0.0", FELT, "what is left, upside down"),
    Mutant(ONE, "all(left[low] < left[high] for low, high in zip(rising, rising[1:]))", "any(left[low] <= left[high] for low, high in zip(rising, rising[1:]))", ONE_TURNS, "a claim that holds of equals"),
    Mutant(ONE, "all(at_10 < at_change for", "all(at_10 <= at_change for", ONE_TURNS, "what does not fade is said to fade"),
    Mutant(ONE, "mean_z = {b_z: told[b_z][0].mean() for b_z in B_Z}", "mean_z = {b_z: told[b_z][1].mean() for b_z in B_Z}", FELT, "r is called z"),
    Mutant(ONE, "\"its reset gate r: 0 forgets the old state in the candidate\": r,", "\"its reset gate r: 0 forgets the old state in the candidate\": z,", FELT, "z is drawn for r"),
    Mutant(ONE, "same(f\"{backend:<6} in the batch\", among[row, :10],", "same(f\"{backend:<6} in the batch\", alone[0, :10],", at(EARLY, "lesson_1_tells_rows_that_leak"), "never looks into the batch"),
    Mutant(ONE, "row = int(np.flatnonzero(order == 0)[0])", "row = int(order[0])", IN_A_BATCH, "another story's row"),
    Mutant(ONE, "len(s.facts) == 10", "len(s.facts) >= 1", at(EARLY, "lesson_1_reads_files"), "a story of any length"),
    # ---- lesson 2
    Mutant(TWO, "d[\"r\"] = d[\"a_h\"] * Uh_h", "d[\"r\"] = d[\"h~\"] * Uh_h", BESIDE, "the way to r without the slope of tanh"),
    Mutant(TWO, "every = [np.concatenate([found[name].ravel() for name in d]) for found in (d, difference)]", "every = [np.concatenate([d[name].ravel() for name in d]) for found in (d, difference)]",
           at(EARLY, "lesson_2_names_the_wrong_line"), "all entries against themselves"),
    Mutant(TWO, "straight.append(straight[-1] * cache[2])", "straight.append(straight[-1] * (1 - cache[2]))", BACK, "the straight way takes 1 - z"),
    Mutant(TWO, "for h_t in h[:1:-1]:", "for h_t in h[:0:-1]:", BACK, "the tanh RNN goes a step too far back"),
    Mutant(TWO, "d.append((d[-1] * (1 - h_t**2)) @ U)", "d.append((d[-1] * (1 - h_t**2)) @ U.T)", BACK, "back through U's transpose"),
    Mutant(TWO, "        b[:H] = bias\n", "        b[H:2 * H] = bias\n", LEFT, "the bias of r for that of z"),
    Mutant(TWO, "min(ratio) > 1e6,", "max(ratio) > 1e6,", EVERY, "one draw is enough for a claim"),
    Mutant(TWO, "max(at_first[BARE]) < 1e-9,", "min(at_first[BARE]) < 1e-9,", EVERY, "one faded draw is enough"),
    Mutant(TWO, "steps = T - 1 - np.array([0, T // 4, T // 2, T - 1])", "steps = np.array([0, T // 4, T // 2, T - 1])", LEFT, "columns in the other order"),
    Mutant(TWO, "(name, draws[0][name]) for name in (PLAIN, BARE, BIASED))", "(name, draws[-1][name]) for name in (PLAIN, BARE, BIASED))", LEFT, "draws another draw than the table's"),
    # ---- lesson 3
    Mutant(THREE, "h = g[0, t] * step + (1 - g[0, t]) * h ", "h = (1 - g[0, t]) * step + g[0, t] * h ", SCENES, "the gate keeps what it should write"),
    Mutant(THREE, "W_1[0, 4 * H:5 * H] = 1.0", "W_1[0, 3 * H:4 * H] = 1.0", SCENES, "the gate by hand does not read the memory"),
    Mutant(THREE, "op.softmax_episode_forward(c[None], look(m))[1]", "op.softmax_episode_forward(c[None], look(q))[1]", SCENES, "the second pass looks with the question alone"),
    Mutant(THREE, "for told in (True, False):", "for told in (True, True):", FOUR_NETS, "all four are told"),
    Mutant(THREE, "model = nets[name] = DMN(config, vocabulary, seed=args.seed)", "model = nets[name] = DMN(config, vocabulary, seed=args.seed + len(nets))", FOUR_NETS, "each begins with other weights"),
    Mutant(THREE, "run_training(model, train_batch, stop_batch, args.seed)", "run_training(model, train_batch, test_batch, args.seed)", FOUR_NETS,
           "the epoch is chosen on the questions that judge it"),
    Mutant(THREE, "vocabulary = Vocabulary.build(train)", "vocabulary = Vocabulary.build(train[:2])", FOUR_NETS, "a vocabulary of two stories"),
    Mutant(THREE, "telling = right[TOLD] & ~(right[TOLD_ONE] | right[ALONE_ONE] | right[ALONE])", "telling = right[TOLD] & ~right[TOLD_ONE]", TELLS, "a question that others have right as well"),
    Mutant(THREE, "for place in (\"first\", \"second\", \"done\")])", "for place in (\"second\", \"first\", \"done\")])", THREE_SAYS, "first and second fact swapped"),
    Mutant(THREE, "score = {name: evaluate(model, test_batch) for name, model in nets.items()}", "score = {name: evaluate(model, stop_batch) for name, model in nets.items()}", THREE_SAYS, "judged on what chose the epoch"),
    Mutant(THREE, "more(score[TOLD], score[ALONE])", "more(score[TOLD], score[ALONE_ONE])", THREE_JUDGES, "three told passes against one"),
    Mutant(THREE, "not more(score[ALONE], score[ALONE_ONE])", "not more(score[ALONE_ONE], score[ALONE])", THREE_JUDGES, "a claim the other way round"),
    Mutant(THREE, "elif several and told and useless and finds:", "elif several and told and useless:", THREE_JUDGES, "says where it looks without having looked"),
    Mutant(THREE, "max(error for error, _ in checked.values()), 0.0, 1e-4)", "min(error for error, _ in checked.values()), 0.0, 1e-4)", THREE_JUDGES, "the best derivative stands for all"),
    # ---- lesson 4
    Mutant(FOUR, "cost = log(sum(exp(x) for x in s)) - s[target[i]]", "cost = log(sum(exp(x) for x in s)) - max(s)", LOSS, "the loss of the likeliest place"),
    Mutant(FOUR, "slopes = {beta: net.loss_and_grads(batch, alpha=1, beta=beta)[1] for beta in (0, 1)}", "slopes = {beta: net.loss_and_grads(batch, alpha=beta, beta=1)[1] for beta in (0, 1)}", SLOPES, "alpha is switched, not beta"),
    Mutant(FOUR, "np.stack([nobody, second, second], axis=1)", "np.stack([nobody, second], axis=1)", STRUCK, "end-of-passes comes a pass too early"),
    Mutant(FOUR, "LATER: (later_passes_alone(train_batch), 1.0),", "LATER: (train_batch, 1.0),",
           THREE_TIMES, "the first pass is told as well"),
    Mutant(FOUR, "gate_epochs=gate_epochs, alpha=alpha,", "gate_epochs=gate_epochs, alpha=1.0,", THREE_TIMES, "the network that is told nothing is told all"),
    Mutant(FOUR, "        fit.clear()\n", "", KEEPS, "the training loss of all epochs so far"),
    Mutant(FOUR, "\"valid_answer_loss\": sums.answers / sums.n_known,", "\"valid_answer_loss\": losses.mean,", KEEPS, "the gates' loss within the answers'"),
    Mutant(FOUR, "\"first_look\": weight_on(out.gates, stop_who)[0]}", "\"first_look\": weight_on(out.gates, stop_who)[1]}", KEEPS, "the second pass for the first"),
    Mutant(FOUR, "{ALL: gate_epochs, LATER: gate_epochs, NO: 0}, panels", "{ALL: gate_epochs, LATER: gate_epochs, NO: gate_epochs}, panels", DRAWS, "beta begins where it always was"),
    Mutant(FOUR, "for name, look in zip((\"first\", \"second\", \"done\"), looks)], axis=0)", "for name, look in zip((\"first\", \"second\", \"done\"), looks)][1:], axis=0)", FOUR_SAYS, "the first pass may look anywhere"),
    Mutant(FOUR, "[[\"told\"] * 3, [\"not told\", \"told\", \"told\"], [\"not told\"] * 3])", "[[\"told\"] * 3, [\"told\", \"told\", \"not told\"], [\"not told\"] * 3])", SHOWN, "says that the first pass was told"),
    Mutant(FOUR, "first = {label: weight_on(o.gates, seen[\"first\"])[0]", "first = {label: weight_on(o.gates, seen[\"second\"])[0]", FOUR_SAYS, "the second fact for the first"),
    Mutant(FOUR, "who[LATER] > max(0.5, 2 * chance, who[NO]),", "who[LATER] > max(0.5, 2 * chance),", FOUR_JUDGES, "found, though the one that is told nothing finds as much"),
    Mutant(FOUR, "if not epoch[\"beta\"]]", "]", FOUR_JUDGES, "before the answers, measured after them"),
    Mutant(FOUR, "least = lambda history: min(history, key=", "least = lambda history: max(history, key=", FOUR_SAYS, "the greatest loss for the least"),
    Mutant(FOUR, "rise[NO] > max(1.25, rise[ALL], rise[LATER])", "rise[NO] > 1.0", FOUR_JUDGES, "by heart, where no loss rises"),
    Mutant(FOUR, "elif buys and most and finds and through and heart:", "elif buys and most and finds:", FOUR_JUDGES, "a conclusion without two of its claims"),
    # ---- lesson 3b
    Mutant(BACK_TO, "J = np.diag(p) - np.outer(p, p)", "J = np.diag(p)", SOFTMAX, "a softmax whose scores do not meet"),
    Mutant(BACK_TO, "  -1/p_1 times row 1  {numbers(-J[k] / p[k])}", "  -1/p_1 times row 1  {numbers(ds)}", at(BACK_TESTS, "a_wrong_line_is_named") + " " + SOFTMAX, "one way to dE/ds is printed twice",
           "the two ways agree, so the screen is the same"),
    Mutant(BACK_TO, "dg[t] = dh @ (step - h)", "dg[t] = dh @ (h - step)", PULLED, "a gate is pulled to the other side"),
    Mutant(BACK_TO, "{dg[t] * GATES[t] * (1 - GATES[t]):+17.6f}", "{dg[t]:+17.6f}", PULLED, "ds without the slope of the sigmoid"),
    Mutant(BACK_TO, "len(shut) > 0 and np.all(dg[shut] != 0)", "np.all(dg[shut] != 0)", BACK_TURNS, "a claim about shut gates where none is"),
    Mutant(BACK_TO, "print(f\"{gap:+9.0e} {np.sign(gap):+9.0f}", "print(f\"{gap:+9.0e} {np.sign(slope):+9.0f}", KINK, "the sign of the difference for that of the gap",
           "where the two differ in sign, rounding alone decides"),
    Mutant(BACK_TO, "far = abs(gaps) > STEP", "far = abs(gaps) > 0", at(BACK_TESTS, "what_it_claims_holds"), "the check astride the kink is believed"),
    Mutant(BACK_TO, "d[\"c\"] += np.outer(p, de)", "d[\"c\"] = d[\"c\"] + 0 * np.outer(p, de)", SHARE, "a fact gets nothing for being summed"),
    Mutant(BACK_TO, "d[\"q\"] += dm  ", "d[\"q\"] += 0 * dm  ", SHARE, "m^0 is not q on the way back"),
    Mutant(BACK_TO, "shares.append({name: d[name] - before[name] for name in d})", "shares.append({name: d[name] for name in d})", SHARE, "a share holds those before it"),
    Mutant(BACK_TO, "\"by gates\": straight - pulls[-1]", "\"by gates\": pulls[-1] - straight", TWO_WAYS, "the pull by gates with the other sign"),
    Mutant(BACK_TO, "straight = backward(gates=False)[2][-1]", "straight = backward(gates=False)[2][0]", TWO_WAYS, "the last pass for the first"),
    Mutant(BACK_TO, "for part in reversed(shares)]}", "for part in shares]}", COUNTED, "the last pass is drawn first"),
    Mutant(FLOW, "shades(0.85 * abs(a[i, t]) / most)", "shades(0.85 * max(a[i, t], 0) / most)", DRAWN_BACK, "what is negative is white"),
    Mutant(FLOW, "f\"{a[i, t]:{form}}\"", "f\"{a[i, t - 1]:{form}}\"", DRAWN_BACK, "the number of the fact above"),
    Mutant(FLOW, "f\"pass {i + 1}\"", "f\"pass {passes - i}\"", DRAWN_BACK, "passes named from the right"),
    Mutant(FLOW, "shape[1] != len(facts)", "shape[0] != len(facts)", at(BACK_TESTS, "what_cannot_be_drawn_says_so", "the_way_back_is_drawn_fact_by_fact_and_pass_by_pass"), "counts passes for facts"),
    # ---- what the lessons share
    Mutant(COMMON, "verdict = \"not decided at this size (--quick)\" if quick else", "verdict =", CLAIM, "--quick draws conclusions"),
    Mutant(COMMON, "agree = bool(worst <= within)", "agree = not worst > within", SAME, "a NaN agrees with all"),
    Mutant(COMMON, "if one.shape == other.shape else np.array(np.inf)", "if one.shape else np.array(np.inf)", SAME, "arrays of different shape agree"),
    Mutant(COMMON, "return train[:n], train[n:n + 100], held_out, n < 800", "return train[:n], train[n - 100:n], held_out, n < 800", SETS, "the epoch is chosen on what was learnt"),
    Mutant(COMMON, "return train[:60], train[60:70], held_out[:20], False", "return train[:60], train[60:70], train[:20], False", FOUR_NETS, "--quick judges on what was learnt"),
    Mutant(COMMON, "if thing in story.facts[t] and who in story.facts[t]]", "if thing in story.facts[t] or who in story.facts[t]]", PLACES, "facts that name one of the two"),
    Mutant(COMMON, "[t for t in range(question.n_facts)", "[t for t in range(len(story.facts))", PLACES, "facts after the question"),
    Mutant(COMMON, "found[\"done\"][i, question.n_facts] = True", "found[\"done\"][i, -1] = True", PLACES, "end-of-passes behind the longest story"),
    Mutant(COMMON, "return (gates * places).sum(axis=2).mean(axis=1)", "return (gates * places).mean(axis=2).mean(axis=1)", PLACES, "a mean over places for their sum"),
    Mutant(COMMON, "return low > interval(other.answer_accuracy, other.n_questions)[1]", "return one.answer_accuracy > other.answer_accuracy", MORE, "a lucky question is more"),
    Mutant(COMMON, "likely = np.flatnonzero(telling) if np.any(telling) else", "likely = np.flatnonzero(~telling) if np.any(telling) else", SHOWN, "shows a question that tells nothing"),
    Mutant(COMMON, "gates = out.gates[:, number,", "gates = out.gates[:, 0,", SHOWN, "the attention of the story's first question"),
    Mutant(COMMON, "net.forward(make_batch([story], vocabulary))", "next(iter(nets.values())).forward(make_batch([story], vocabulary))", SHOWN, "one network under all names"),
    Mutant(COMMON, "given = shlex.split(os.environ.get(OPTIONS, \"\")) if in_notebook() else None", "given = [] if in_notebook() else None", ONE_LINE, "a notebook has no options"),
    Mutant(COMMON, "    if not in_notebook():\n        print(f\"\\n{number}.", "    if True:\n        print(f\"\\n{number}.", RUNS_AS_ONE, "a heading in Markdown and on the screen"),
    Mutant(COMMON, "progress = Progress(config, state, n, quiet=in_notebook())", "progress = Progress(config, state, n)", ONE_LINE, "a line an epoch in a notebook"),
    Mutant(COMMON, "        display(Image(filename=str(path)))\n", "        pass\n", RUNS_AS_ONE, "a notebook without pictures"),
    Mutant(COMMON, "out = Path(\"out\") if in_notebook() else", "out =", RUNS_AS_ONE, "a notebook's pictures go to the package"),
    Mutant(COMMON, "config.answer == \"tags\" else len(fit.answer)", "config.answer != \"tags\" else len(fit.answer)", RUNS_AS_ONE, "a bar that counts sentences for words",
           "only the length of a progress bar"),
    # ---- what writes them
    Mutant(WRITES, "check_place(path, args.overwrite)", "check_place(path, True)", at(NOTEBOOKS, "nothing_is_overwritten_unasked"), "replaces what is there"),
    Mutant(WRITES, "if name != SHARED}", "}", at(NOTEBOOKS, "lessons_are_written_beside_the_package"), "common.py as a notebook"),
    Mutant(WRITES, "book.cells.insert(first, nbformat", "book.cells.insert(len(book.cells), nbformat", IS_A_NOTEBOOK, "the path is set when all is done"),
    Mutant(WRITES, "cell.id = f\"cell-{i}\"", "cell.id = cell.id", IS_A_NOTEBOOK, "another notebook each time"),
    Mutant(WRITES, "cell.source += \";\"", "cell.source += \"\"", RUNS_AS_ONE, "True below every claim"),
    Mutant(WRITES, "(package / \"lessons\", package.parent / \"lessons\")", "(package.parent / \"lessons\",)", at("tests/test_distribution.py", "an_installed_package_writes_its_lessons"), "looks in a checkout alone"),
    # ---- their pictures
    Mutant(CURVES, "return int(np.nanargmin(values)) if", "return int(np.nanargmax(values)) if", LEAST, "the mark of the least loss at the greatest"),
    Mutant(CURVES, "low = _least(run, least) if least in keys else None\n                if low", "low = _least(run, least)\n                if low", LEAST, "the mark of the least loss in every panel"),
    Mutant(CURVES, "axes.set_xticks(range(T), words if", "axes.set_xticks(range(T), words[::-1] if", TRACE, "words from the right"),
    Mutant(CURVES, "axes.text(changed, 1 + 0.26 / tall, \"▾\"", "axes.text(changed + 1, 1 + 0.26 / tall, \"▾\"", TRACE, "marks the word after the changed one"),
    Mutant(CURVES, "maps = {title: np.asarray(a, np.float64).T for title, a in maps.items()}", "maps = {title: np.asarray(a, np.float64).T[::-1] for title, a in maps.items()}", TRACE, "units upside down"),
    Mutant(ATTENTION, "for i, note in enumerate(next(noted, ())):", "for i, note in enumerate(reversed(next(noted, ()))):", NOTES, "notes below the wrong pass"),
]
