"""Mistakes in lessons 5 to 9 and the one on other questions, and in the pictures of words, tags, passes and bars."""

from . import Mutant

FIVE, SIX, SEVEN, EIGHT, OTHER = (f"lessons/{name}.py" for name in ("05_sentiment", "06_tagging", "07_decoding", "08_how_many_passes", "coreference_and_names"))
NINE, BARS, OPERATIONS = "lessons/09_fast_on_the_cpu.py", "tinydmn/plots/bars.py", "tinydmn/bench/operations.py"
WORDS, TAGS = "tinydmn/plots/words.py", "tinydmn/plots/tags.py"
ODD, EVEN, FAST, BENCH = "tests/test_lessons_05_07.py", "tests/test_lessons_06_08.py", "tests/test_lessons_09.py", "tests/test_bench.py"
at = lambda file, *names: " ".join(f"{file}::test_{name}" for name in names)
FIVE_SAYS, FIVE_CONCLUDES = at(ODD, "lesson_5_prints_what_its_networks_say"), at(ODD, "lesson_5_draws_its_conclusion_from_the_numbers")
SEVEN_SAYS = at(ODD, "lesson_7_judges_whole_answers", "lesson_7_shows_one_answer_of_each_step_by_step")
SIX_SAYS, EIGHT_SAYS = at(EVEN, "lesson_6_prints_what_its_networks_say"), at(EVEN, "lesson_8_prints_what_its_networks_say")
EIGHT_TRAINS, OTHERS_SAY = at(EVEN, "lesson_8_trains_with_gates_told_and_not_told"), at(EVEN, "other_questions_print_what_the_networks_say")
ATTENTION, DECODING, GRU = (at(ODD, name) for name in ("attention_stands_under_its_word_and_beside_its_pass", "a_step_is_a_column_and_a_word_a_row", "a_gru_is_drawn_gate_by_gate"))
GATES, COST, PASSES = (at(EVEN, name) for name in ("gates_stand_in_the_row_of_their_word_under_the_fact", "cost_is_drawn_with_the_points_of_its_fit", "passes_are_drawn_with_their_intervals"))
POWER, REFUSES = at(EVEN, "power", "power_and_how_sure_it_is"), at(EVEN, "what_cannot_be_drawn_says_so")

MUTANTS = [
    # ---- lesson 5
    Mutant(FIVE, 'bidirectional="no")', 'bidirectional="yes")', at(ODD, "lesson_5_trains_each_seed_with_one_pass_and_with_two_on_the_same_texts"), "a first look that knows what follows"),
    Mutant(FIVE, "net = DMN(replace(material.config, passes=passes), vocabulary, seed=seed)", "net = DMN(replace(material.config, passes=passes), vocabulary, seed=args.seed)",
           at(ODD, "lesson_5_trains_each_seed_with_one_pass_and_with_two_on_the_same_texts"), "all seeds begin as the first"),
    Mutant(FIVE, "nets.setdefault(name, net)", "nets[name] = net", at(ODD, "lesson_5_shows_a_text_that_two_passes_alone_have_right"), "shows the last seed and names the first"),
    Mutant(FIVE, "if tuple(story.facts[0]) not in known]", "]", at(ODD, "lesson_5_trains_each_seed_with_one_pass_and_with_two_on_the_same_texts"), "asks texts that were learnt"),
    Mutant(FIVE, 'right["two passes"][0] & ~right["one pass"][0]', 'right["one pass"][0] & ~right["two passes"][0]',
           at(ODD, "lesson_5_shows_a_text_that_two_passes_alone_have_right"), "shows a text that one pass alone has right"),
    Mutant(FIVE, 'd = (right["two passes"][:, some].astype(float) - right["one pass"][:, some])', 'd = (right["one pass"][:, some].astype(float) - right["two passes"][:, some])',
           FIVE_SAYS, "the gain has the other sign"),
    Mutant(FIVE, "1.96 * d.std() / np.sqrt(len(d))", "1.96 * d.std() / len(d)", FIVE_SAYS, "an interval that is too narrow"),
    Mutant(FIVE, '"others": ~several}', '"others": several}', FIVE_SAYS, "one group twice"),
    Mutant(FIVE, "over these seeds\", low > 0,", "over these seeds\", mean > 0,", FIVE_CONCLUDES, "better on average where the interval holds 0"),
    Mutant(FIVE, "from {min(by_seed):+.1f} \"", "from {mean:+.1f} \"", FIVE_CONCLUDES, "the worst seed is kept quiet"),
    Mutant(FIVE, '"Here it costs" if high < 0', '"Here it costs" if mean < 0', FIVE_CONCLUDES, "what the texts do not decide is said to cost"),
    Mutant(FIVE, "zip(right[\"one pass\"], right[\"two passes\"])]", "zip(right[\"one pass\"], right[\"two passes\"][::-1])]", FIVE_SAYS, "seeds of one pass beside other seeds of two"),
    Mutant(FIVE, "(log_prior + by_word.sum(axis=1))", "(by_word.sum(axis=1))", at(ODD, "lesson_5_counts_words"), "naive Bayes without how often each answer is"),
    Mutant(FIVE, "np.ones((len(answers), len(vocabulary.words)))", "np.full((len(answers), len(vocabulary.words)), 20.0)", at(ODD, "lesson_5_counts_words"), "twenty are added to each count"),
    Mutant(FIVE, "tanh(PRAISE * c[t, 1] + HEARD * m[0, 2] - 3)", "tanh(PRAISE * c[t, 1] + HEARD * q[0, 2] - 3)",
           at(ODD, "a_lesson_runs_fits_80_columns_draws_and_says_the_same_again"), "by hand the gate does not read the memory"),
    # ---- lesson 6
    Mutant(SIX, "g = [0.0 if (i, s) in shut else", "g = [0.0 if (1, s) in shut else", at(EVEN, "lesson_6_shuts_gates"), "a gate that is shut in pass 2 is shut in both"),
    Mutant(SIX, "says({(i, s) for i in passes})", "says({(i, t) for i in passes})", at(EVEN, "lesson_6_shuts_gates"), "shuts the word's own gate"),
    Mutant(SIX, '("shut in pass 1", (0,)), ("shut in pass 2", (1,))', '("shut in pass 1", (1,)), ("shut in pass 2", (0,))', at(EVEN, "lesson_6_shuts_gates"), "passes swapped in the picture"),
    Mutant(SIX, 'np.argmax(np.tril(panels["shut in both"], -1))', 'np.argmax(np.tril(panels["shut in both"], 0))', at(EVEN, "lesson_6_shuts_gates"), "a word hangs most on itself"),
    Mutant(SIX, "[two.sum() - one.sum() for one, two in pairs]", "[one.sum() - two.sum() for one, two in pairs]", SIX_SAYS, "what is better is called worse"),
    Mutant(SIX, 'gain(name, "0 passes" if name == "1 pass" else "1 pass")', 'gain(name, "0 passes")', SIX_SAYS, "the second pass is measured against none"),
    Mutant(SIX, "usual = Counter(k for (_, k), times in seen.items() if times == 1).most_common(1)[0][0]", "usual = Counter(k for (_, k), times in seen.items()).most_common()[-1][0]", SIX_SAYS,
           "new words get the rarest tag"),
    Mutant(SIX, "for (w, k), _ in reversed(seen.most_common())}", "for (w, k), _ in seen.most_common()}", SIX_SAYS, "the rarest tag of each word"),
    Mutant(SIX, 'Vocabulary.build(train, "tags", features=True)', 'Vocabulary.build(train, "tags")', at(EVEN, "lesson_6_your_turn"), "no spelling"),
    Mutant(SIX, "print(f\"  {n:5} {n:15} {sum(range(1, n + 1)):9}", "print(f\"  {n:5} {n:15} {sum(range(n)):9}", at(EVEN, "lesson_6_fits_what_it_says"), "steps of pass 2 without the last word"),
    Mutant(SIX, 'verdict = lambda numbers: "better" if numbers[1] > 0', 'verdict = lambda numbers: "better" if numbers[0] > 0', at(EVEN, "lesson_6_draws_its_conclusions_from_the_numbers"),
           "better where the interval holds 0"),
    # ---- lesson 7
    Mutant(SEVEN, "right = (out.answers[:, :steps] == batch.answer).all(axis=1) & ended", "right = (out.answers[:, :steps] == batch.answer).any(axis=1)",
           SEVEN_SAYS, "one right word makes an answer right"),
    Mutant(SEVEN, "n_words = batch.n_answer - 1", "n_words = batch.n_answer", SEVEN_SAYS, "<eos> counts as a word"),
    Mutant(SEVEN, "learn(texts[:n_train], texts[n_train:],", "learn(texts, texts[n_train:],", SEVEN_SAYS, "asks sentences that were learnt"),
    Mutant(SEVEN, "two = np.flatnonzero(batch.n_answer == 3)", "two = np.flatnonzero(batch.n_answer == 2)", SEVEN_SAYS, "lists of one word for those of two"),
    Mutant(SEVEN, "np.exp(out.logits[which] - out.logits[which].max(axis=1, keepdims=True))", "np.exp(out.logits[which] - out.logits[which].max(axis=1, keepdims=True))[::-1]", SEVEN_SAYS,
           "steps in the other order"),
    Mutant(SEVEN, "low > least, f\"{right.sum()}", "low < least, f\"{right.sum()}", at(ODD, "lesson_7_draws_its_conclusions_from_the_numbers"), "a claim that holds where it does not"),
    # ---- lesson 8
    Mutant(EIGHT, "trained(name, passes, 0.0)[0] if passes", "trained(name, passes, 1.0)[0] if passes", EIGHT_TRAINS, "gates that are not told are told"),
    Mutant(EIGHT, "run_training(net, fit, stop, args.seed", "run_training(net, fit, test, args.seed", EIGHT_TRAINS, "the epoch is chosen on the questions that judge it"),
    Mutant(EIGHT, "return net.forward(test).answers == test.answer, test.story_of", "return net.forward(stop).answers == stop.answer, stop.story_of", EIGHT_SAYS, "judged on what chose the epoch"),
    Mutant(EIGHT, "Vocabulary.build(stories[name][0])", "Vocabulary.build([story for part in stories[name] for story in part])", EIGHT_TRAINS, "the vocabulary has seen the questions that judge"),
    Mutant(EIGHT, "np.bincount(of, other.astype(float) - one), np.bincount(of)", "np.bincount(of, one.astype(float) - other), np.bincount(of)", EIGHT_SAYS, "gains with the other sign"),
    Mutant(EIGHT, "max(right[name][kind])], story_of)", "min(right[name][kind])], story_of)", EIGHT_SAYS, "the fewest passes for the most"),
    Mutant(EIGHT, "len(verdicts[kind, few]) == len(TASKS),", "bool(verdicts[kind, few]),", at(EVEN, "lesson_8_draws_its_conclusions_from_the_numbers"), "every task, where one does it"),
    Mutant(EIGHT, "better(right[name][told][1], right[name][told][0], story_of)[1] > 0]", "better(right[name][told][0], right[name][told][1], story_of)[1] > 0]",
           at(EVEN, "lesson_8_draws_its_conclusions_from_the_numbers"), "which of one pass and none loses is swapped"),
    Mutant(EIGHT, '"task 2": "task 3"}', '"task 2": "task 7"}', at(EVEN, "lesson_8_draws_its_accuracies_with_their_intervals", "lesson_8_prints_what_its_networks_say"), "another row of the paper's table"),
    Mutant(EIGHT, "story.facts[q.n_facts - 1][0] in q.tokens", "story.facts[q.n_facts - 2][0] in q.tokens", at(EVEN, "lesson_8_says_what_a_story_tells_without_its_question"), "not the last fact"),
    # ---- lesson 9
    Mutant(NINE, "(rows, n, at), (W, U, b) = sequences, gru\n    table, h = x @ W.T + b,", "(rows, n, at), (W, U, b) = sequences, gru\n    table, h = x @ W.T,", at(FAST, "every_version_of_the_loop_and_of_the_table"),
           "a table without b"),
    Mutant(NINE, "(n_each * 6 * product, n_once * 6 * product,", "(n_each * 6 * product, n_each * 6 * product,", at(FAST, "operations_are_counted_right"), "stories shared, and counted for each question"),
    Mutant(NINE, "(R + 2 * Q + 2 * pairs) * product", "(R + 2 * Q + 2 * padded) * product", at(FAST, "operations_are_counted_right"), "padding counted where there is none"),
    Mutant(NINE, "3 * compiled / N ", "3 * compiled ", at(FAST, "operations_are_counted_right"), "each thread does the work of all"),
    Mutant(NINE, "seconds[first] / s, flop[first] / flop[v]", "seconds[first] / s, flop[v] / flop[first]", at(FAST, "operations_are_counted_right"), "more to do for less"),
    Mutant(NINE, "order == sorted(order)", "len(order) > 1", at(FAST, "clocks_decide_the_claims_and_nothing_else"), "a change that loses is said to gain"),
    Mutant(NINE, "u = np.tanh(shared + (m @ W_m.T)", "u = np.tanh(shared + (q @ W_m.T)", at(FAST, "your_turn", "another_seed_reads_other_stories"), "each pass reads the question in place of the memory"),
    Mutant(NINE, "story.questions[-QUESTIONS:]", "story.questions[:QUESTIONS]", at(FAST, "your_turn"), "the first questions, which see little"),
    Mutant(OPERATIONS, "np.min(turns, axis=0)", "np.mean(turns, axis=0)", at(BENCH, "versions_take_turns_and_each_keeps_its_shortest_time"), "the mean of the turns"),
    Mutant(OPERATIONS, "net, seconds = net.with_weights(net.theta.copy()), Counter()", "net, seconds = net.with_weights(net.theta), Counter()", at(BENCH, "shares_of_a_step"), "a profile trains the network"),
    Mutant(BARS, "left=along(1),", "left=PAD + label,", at(FAST, "equal_lengths_are_equal_factors"), "bars below 1 begin at the left"),
    Mutant(BARS, "_BARS * (np.log(factor) - low)", "_BARS * (factor - low)", at(FAST, "equal_lengths_are_equal_factors"), "no log scale"),
    # ---- other questions
    Mutant(OTHER, "Question([\"who\", \"does\", kind, \"refer\", \"to\"], [name], len(facts), [place])", "Question([\"who\", \"does\", kind, \"refer\", \"to\"], [name], len(facts), [place + 1])",
           at(EVEN, "the_texts_mean_what_their_answers_say"), "the fact behind the supporting one"),
    Mutant(OTHER, "last[kind] = name, place", "last.setdefault(kind, (name, place))", at(EVEN, "the_texts_mean_what_their_answers_say"), "the first of a kind, not the last"),
    Mutant(OTHER, "return texts[:n_train], texts[n_train:-n_test], texts[-n_test:]", "return texts[:n_train], texts[:n_train][-n_test:], texts[-n_test:]", at(EVEN, "every_pair_of_texts_differs"),
           "validated on texts that were learnt"),
    Mutant(OTHER, "np.bincount(of, hits.astype(float) - others), np.bincount(of)", "np.bincount(of, others.astype(float) - hits), np.bincount(of)", OTHERS_SAY, "gains with the other sign"),
    Mutant(OTHER, "unknown_words(test, held_out, train)[there]", "unknown_words(test, held_out, choose)[there]", OTHERS_SAY, "words never seen in validation"),
    Mutant(OTHER, "names = test.answer[there] != net.vocabulary.answer_id[\"-\"]", "names = test.answer[there] == net.vocabulary.answer_id[\"-\"]", OTHERS_SAY, "the words that are no names"),
    # ---- pictures of words
    Mutant(WORDS, ".reshape(len(a), -1).T for a in (z, r, h)]", ".reshape(len(a), -1).T for a in (r, z, h)]", GRU, "z and r swapped"),
    Mutant(WORDS, ".reshape(len(a), -1).T for a in (z, r, h)]", ".reshape(len(a), -1).T[::-1] for a in (z, r, h)]", GRU, "units upside down"),
    Mutant(WORDS, "axes.text((t + 0.5) / len(words), 1 + 0.26 / tall", "axes.text(t / len(words), 1 + 0.26 / tall", GRU, "the mark of a sentence's end half a word off"),
    Mutant(WORDS, "(mean of all units)\" if len(a) == 1 < units", "(mean of all units)\" if len(a) == 1 == units", GRU, "means are not called means"),
    Mutant(WORDS, "{'✓' if predicted == answer else '✗'}", "{'✗' if predicted == answer else '✓'}", ATTENTION, "right is marked wrong"),
    Mutant(WORDS, "sum(widths[first:k + 1]) > most:", "sum(widths[first:k]) > most:", at(ODD, "attention_in_several_lines"), "a line is a word too broad"),
    Mutant(WORDS, "rows = list(dict.fromkeys(decoded.tolist()))", "rows = sorted(set(decoded.tolist()))", DECODING, "words in the order of the vocabulary"),
    Mutant(WORDS, "rows += others[:max(0, most - len(rows))]", "rows += others[:most]", DECODING, "more words than asked for"),
    Mutant(WORDS, "_cell(axes, left + label + cell * t, y, cell, p[t, k])", "_cell(axes, left + label + cell * t, y, cell, p[t, i])", DECODING, "the number of another word"),
    Mutant(WORDS, "corner = (left + label + cell * t, top + _ROW * rows.index(k))", "corner = (left + label + cell * t, top + _ROW * k)", DECODING, "the frame around another word"),
    Mutant(WORDS, "len(words) - len(rows)))", "len(words) - len(set(said.tolist()))))", DECODING, "counts shown words as left out"),
    Mutant(WORDS, "colormaps[\"Blues\"](weight)", "colormaps[\"Blues\"](1 - weight)", ATTENTION, "darker is less"),
    # ---- pictures of tags and passes
    Mutant(TAGS, "shade = shades(gate[t, s])", "shade = shades(gate[s, t])", GATES, "shades of the transposed gates"),
    Mutant(TAGS, "f\"{gate[t, s]:.2f}\"", "f\"{gate[s, t]:.2f}\"", GATES, "numbers of the transposed gates"),
    Mutant(TAGS, "for s in range(t + 1):", "for s in range(t):", GATES, "a word's own gate is missing"),
    Mutant(TAGS, "axes.text(x + _CELL * (t + 0.5), top - 0.06, words[t], rotation=90", "axes.text(x + _CELL * (t + 0.5), top - 0.06, words[n - 1 - t], rotation=90", GATES, "facts' names from the right"),
    Mutant(TAGS, "text_size(figure, legend)[0]) + PAD\n", "0) + PAD\n", at(EVEN, "the_smallest_picture_of_gates_holds_its_legend"), "a legend that is cut off"),
    Mutant(TAGS, "axes.text(PAD, height - PAD - LINE / 2, legend,", "axes.text(PAD, height - PAD - LINE / 2, _GATES,", GATES, "one legend for all"),
    Mutant(TAGS, "np.all((g >= 0) & (g <= 1))", "not np.any((g < 0) | (g > 1))", REFUSES, "a gate that is no number is drawn"),
    Mutant(TAGS, "((x < used[0], \"white\"), (x >= used[0], ink))", "((x <= used[0], \"white\"), (x > used[0], ink))", COST, "the first point of the fit is hollow"),
    Mutant(TAGS, "len(lengths) // 2 if len(lengths) > 3 else 0", "len(lengths) // 2 if len(lengths) > 4 else 0", POWER, "half of five lengths and more, not of four"),
    Mutant(TAGS, "len(lengths) // 2 if len(lengths) > 3 else 0", "0", POWER, "the power is fitted to all lengths"),
    Mutant(TAGS, "between = np.diff(y) / np.diff(x)", "between = np.diff(x) / np.diff(y)", POWER, "powers between neighbours upside down"),
    Mutant(TAGS, "float(between.min()), float(between.max()), lengths[half]", "float(between.max()), float(between.min()), lengths[half]", POWER, "greatest and least swapped"),
    Mutant(TAGS, "np.all(np.diff(x) > 0)", "np.all(np.diff(x) != 0)", REFUSES, "lengths that fall"),
    Mutant(TAGS, "x, y = zip(*sorted(points.items()))", "x, y = zip(*points.items())", PASSES, "a curve that goes back and forth"),
    Mutant(TAGS, "[[points[passes] - low], [high - points[passes]]]", "[[high - points[passes]], [points[passes] - low]]", PASSES, "intervals upside down"),
    Mutant(TAGS, "bars = intervals.get(title, {}).get(label, {})", "bars = next(iter(intervals.values()), {}).get(label, {})", PASSES, "the first panel's intervals in all"),
    Mutant(TAGS, "not low <= points[passes] <= high:", "not low <= high:", at(EVEN, "an_interval_beside_its_point_says_so"), "an interval beside its point"),
    Mutant(TAGS, "most = max(x for points in curves.values() for x in points)", "most = max(len(points) for points in curves.values())", PASSES, "passes counted by the points"),
    Mutant(TAGS, "span = max(plot + beside, max(text_size(figure, title)[0] for title in panels)) + 0.75", "span = plot + beside + 0.75", PASSES, "a title runs into the next panel"),
]
