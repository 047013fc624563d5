"""Mistakes in plots/: what a picture shows, where, and under which name."""

from . import Mutant

PICTURES, PLOTS, LETTERS = "tests/test_pictures.py", "tests/test_plots.py", "tests/test_letters.py"


def mutant(name, old, new, what, *tests, harmless=""):
    """tests: of test_pictures.py, unless they name their file."""
    return Mutant(f"tinydmn/plots/{name}.py", old, new, " ".join(test if "/" in test else f"{PICTURES}::{test}" for test in tests), what, harmless)


ATTENTION = ("test_attention_passes_across_facts_down", "test_attention_of_several_models", "test_attention_of_a_long_story_shows_what_matters_at_its_place")
WORDS = ("test_word_attention_words_across_passes_down", "test_word_attention_of_a_long_text_goes_on_below")
GRU = ("test_gru_maps_are_their_own", "test_gru_means_are_called_means")
TRAINING = ("test_training_curves_are_their_own", "test_training_of_several_runs_each_in_its_ink", "test_training_without_validation_is_judged_by_training")
TABLE = ("test_a_table_shows_each_figure_with_the_sign_of_its_series", "test_a_table_of_one_seed_says_less")
LINES = ("test_every_line_has_its_own_name",)
FONTS = (f"{LETTERS}::test_a_font_that_has_the_letter_is_taken", f"{LETTERS}::test_a_broken_font_does_no_harm")

MUTANTS = [
    mutant("attention", "enumerate(gates[:, first] if stop - first == 1 else ())", "enumerate(gates[::-1, first] if stop - first == 1 else ())", "passes mirrored", *ATTENTION),
    mutant("attention", "enumerate(gates[:, first] if stop - first == 1 else ())", "enumerate(gates[:, first - 1] if stop - first == 1 else ())", "facts shifted by one", *ATTENTION),
    mutant("attention", "    rows.append((len(facts), len(facts) + 1, [DONE]))", "    rows.insert(0, (len(facts), len(facts) + 1, [DONE]))", "end-of-passes first", *ATTENTION),
    mutant("attention", "marked = stop - first == 1 and first in support", "marked = stop - first == 1 and first + 1 in support", "the fact before the supporting one is marked",
           *ATTENTION),
    mutant("attention", "            if first in support:\n", "            if first not in support:\n", "the other facts are bold", *ATTENTION),
    mutant("attention", "for gates, head, span in zip(attentions, heads, spans):\n            for i, line", "for gates, head, span in zip(attentions, heads[::-1], spans):\n            for i, line",
           "each model under another's name", *ATTENTION),
    mutant("attention", "'✓' if predicted == answer else '✗'", "'✗' if predicted == answer else '✓'", "right called wrong", *ATTENTION),
    mutant("attention", "shade = shades(weight)", "shade = shades(1 - weight)", "darker is less", *ATTENTION),
    mutant("attention", "f\"{weight:.2f}\", ha", "f\"{1 - weight:.2f}\", ha", "the other share is printed", *ATTENTION),
    mutant("attention", "ylim=(height, 0)", "ylim=(0, height)", "upside down", *ATTENTION),

    mutant("words", "for k, (a, title, tall) in enumerate(zip(maps, titles, heights)):", "for k, (a, title, tall) in enumerate(zip([maps[1], maps[0], maps[2]], titles, heights)):",
           "z and r exchanged", *GRU),
    mutant("words", ".reshape(len(a), -1).T for a in (z, r, h)]", ".reshape(len(a), -1).T[:, ::-1] for a in (z, r, h)]", "words mirrored", *GRU),
    mutant("words", "(0.0, \"Blues\") if k < 2 else (-1.0, \"cividis\")", "(0.0, \"Blues\") if k < 3 else (-1.0, \"cividis\")", "half of the states are one colour", *GRU),
    mutant("words", "vmin=low, vmax=1.0,", "", "each picture on a scale of its own", *GRU),
    mutant("words", "axes.axvline(t + 0.5, color", "axes.axvline(t - 0.5, color", "a sentence ends before its last word", *GRU),
    mutant("words", "axes.text((t + 0.5) / len(words), 1", "axes.text(t / len(words), 1", "its mark stands elsewhere", *GRU),
    mutant("words", "if len(a) == 1 < units else", "if len(a) == 1 else", "a network of one unit is called a mean", *GRU,
           f"{PLOTS}::test_gru_of_one_unit_is_no_mean"),
    mutant("words", "labels = [*words, DONE]", "labels = [DONE, *words]", "words shifted by end-of-passes", *WORDS),
    mutant("words", "for name, row in zip(passes, gates):", "for name, row in zip(passes, gates[::-1]):", "passes mirrored", *WORDS),
    mutant("words", "_cell(axes, x[k - first], y, widths[k], row[k])", "_cell(axes, x[k - first], y, widths[k], row[k - first])", "a further line shows the first words again", *WORDS),
    mutant("words", "for title, passes, gates in zip(titles, names, checked):", "for title, passes, gates in zip(titles[::-1], names, checked):", "each model under another's name", *WORDS),
    mutant("words", "decoded = p.argmax(axis=1)", "decoded = p.argmin(axis=1)", "the unlikeliest word is said", "test_decoding_steps_across_words_down_and_what_is_said_in_a_frame"),
    mutant("words", "_ROW * rows.index(k))\n", "_ROW * k)\n", "a frame around another word", "test_decoding_steps_across_words_down_and_what_is_said_in_a_frame"),
    mutant("words", "cell, p[t, k])", "cell, p[t, i])", "another word's probability", "test_decoding_steps_across_words_down_and_what_is_said_in_a_frame"),
    mutant("words", "np.argsort(-p.max(axis=0), kind=\"stable\")", "np.argsort(p.max(axis=0), kind=\"stable\")", "the unlikeliest words are shown",
           "test_decoding_steps_across_words_down_and_what_is_said_in_a_frame"),
    mutant("words", "rest > 1)}\" if rest else", "rest > 1)}\" if rest > 1 else", "a word that is not shown is not counted", "test_decoding_steps_across_words_down_and_what_is_said_in_a_frame"),

    mutant("curves", "int(np.nanargmax(accuracy)), key", "int(np.nanargmin(accuracy)), key", "the worst epoch is the best", *TRAINING),
    mutant("curves", "(\"valid_answer_accuracy\", \"train_answer_accuracy\"):", "(\"train_answer_accuracy\", \"valid_answer_accuracy\"):", "the best epoch of training", *TRAINING),
    mutant("curves", "axes.axvline(x[betas[label]], color", "axes.axvline(x[betas[label] - 1], color", "beta begins an epoch early", *TRAINING),
    mutant("curves", "\"validation\" if key.startswith(\"valid\") else \"training\")\n", "\"training\" if key.startswith(\"valid\") else \"validation\")\n", "training called validation", *TRAINING),
    mutant("curves", "np.asarray(values, np.float64)[::-1]", "np.asarray(values, np.float64)", "steps from the first word for those from the last", *LINES),
    mutant("curves", "axes.set_yscale(\"log\")", "axes.set_yscale(\"linear\")", "no log scale", *LINES),
    mutant("curves", "names[label] = label + (f\" (0 from step {zeros[0]} on)\"", "names[label] = label + (f\" (0 from step {zeros[-1]} on)\"", "the last zero for the first", *LINES,
           f"{PLOTS}::test_gradient_norms_say_where_they_are_zero"),

    mutant("tables", "axes.plot([min(e[\"values\"]), max(e[\"values\"])]", "axes.plot([min(e[\"values\"]), e[\"mean\"]]", "a bar from the least to the mean", *TABLE),
    mutant("tables", "axes.plot(e[\"best\"], y, \".\"", "axes.plot(max(e[\"values\"]), y, \".\"", "the luckiest seed for that which validation chooses", *TABLE),
    mutant("tables", "for s, key in zip([*series, \"best\"], keys):", "for s, key in zip([*series[::-1], \"best\"], keys):", "series exchanged in the legend", *TABLE),
    mutant("tables", "        marker, ink, face = _LOOKS.get(s, _LOOKS[\"ours\"])\n        alone", "        marker, ink, face = _LOOKS[\"ours\"]\n        alone", "all series look alike", *TABLE),
    mutant("tables", "axes.set_ylim(len(rows) - 0.5, -0.5)", "axes.set_ylim(-0.5, len(rows) - 0.5)", "rows upside down", *TABLE),
    mutant("tables", "[e for e in entries if e[\"panel\"] == panel]", "entries", "every panel shows all", *TABLE),
    mutant("tables", "y = rows.index(e[\"row\"]) + (0 if alone[e[\"row\"]] else apart)", "y = rows.index(e[\"row\"])", "equal figures hide one another", *TABLE),
    mutant("tables", "axes.axvline(threshold,", "axes.axvline(95,", "the threshold is always 95", *TABLE),
    mutant("tables", "rows, series, (names or {}).values()) as", "rows) as", "letters of a legend's names are boxes", f"{LETTERS}::test_a_font_is_sought_for_each_word_of_a_user"),
    mutant("tables", "max(0, low - margin) if low > 0 else -1", "max(0, low - margin)", "a sign at 0 is cut", *TABLE),

    mutant("tags", "for s in range(t + 1):\n                    shade = shades(gate[t, s])", "for s in range(t + 1):\n                    shade = shades(gate[s, t])", "shades of the other triangle",
           "test_word_gates_row_looks_back"),
    mutant("tags", "for s in range(t + 1):", "for s in range(n):", "a word looks ahead", "test_word_gates_row_looks_back"),
    mutant("tags", "tag != right[t])", "tag == right[t])", "right tags are marked wrong", "test_word_gates_row_looks_back"),
    mutant("tags", "y = zip(*sorted(points.items()))", "y = zip(*points.items())", "points in the order in which they came", *LINES),
    mutant("tags", "k = labels.index(label)", "k = list(curves).index(label)", "one label has another ink in each panel", *LINES),
    mutant("tags", "axes.set(xscale=\"log\", yscale=\"log\",", "axes.set(yscale=\"log\",", "lengths on a plain scale", *LINES),
    mutant("tags", "axes.set(xlim=(0, max(1, most)), ylim=(0, 1))", "axes.set(xlim=(0, max(1, most)))", "each picture on a scale of its own", *LINES),

    mutant("drawing", "_, _, name, ink = ends[k]", "_, _, name, ink = ends[len(ends) - 1 - k]", "names of lines exchanged", *LINES),
    mutant("drawing", "heights[i] = max(heights[i], heights[i - 1] + gap)", "pass", "names of lines that meet", "test_names_keep_the_order_of_their_lines_and_do_not_meet",
           f"{PLOTS}::test_training_at_many_sizes"),
    mutant("drawing", "order = np.argsort(at[:, 1], kind=\"stable\")", "order = np.arange(len(at))", "names out of the order of their lines",
           "test_names_keep_the_order_of_their_lines_and_do_not_meet"),
    mutant("drawing", "        warnings.filterwarnings(\"ignore\", \"Glyph .* missing from\")\n", "", "a warning for each letter that is missing",
           f"{LETTERS}::test_a_letter_that_no_font_has_is_a_box_and_a_line_says_what_to_install"),
    mutant("drawing", ", quiet():", ":", "a word about each font without bold letters", *FONTS),
    mutant("drawing", "matplotlib.rcParams[\"font.family\"] = [_FONT, *names]", "pass", "other fonts are not taken", *FONTS),
    mutant("drawing", "= [_FONT, *names]", "= [*names, _FONT]", "another font for the letters that ours has", f"{LETTERS}::test_letters_that_ours_has_are_ours_beside_others"),
    mutant("drawing", "useful = lambda name: (len(having[name] & missing), name)", "useful = lambda name: (-len(having[name] & missing), name)", "the least useful font first", *FONTS),
    mutant("drawing", "with contextlib.suppress(Exception):           # a broken", "if True:           # a broken", "a broken font is a traceback", *FONTS),
    mutant("drawing", "return \"white\" if 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.179 else \"black\"", "return \"white\" if r + g + b < 1.5 else \"black\"", "letters hard to read on middling shades",
           "test_darker_is_more_and_letters_stay_legible"),
    mutant("drawing", "if all(text_size(figure, line, **font)[0] <= width for line in lines):", "if text_size(figure, lines[0], **font)[0] <= width:", "a line too long",
           "test_lines_of_text_have_room", f"{PLOTS}::test_attention_at_many_sizes"),
    mutant("drawing", "    probe.remove()\n", "", "what was measured is drawn", "test_lines_of_text_have_room"),
    mutant("drawing", "matplotlib.rc_context(), ", "", "settings of others are changed", f"{LETTERS}::test_settings_of_others_are_left_as_they_were"),
    mutant("drawing", "        matplotlib.rcdefaults()\n", "", "settings of others count", f"{PLOTS}::test_the_ending_chooses_the_format_and_one_input_gives_one_file"),
    Mutant("tinydmn/errors.py", "Path(path).suffix.lower() not in", "Path(path).suffix not in", f"{PICTURES}::test_an_ending_may_be_in_capitals", "endings in capitals are refused"),
    mutant("drawing", "figure.savefig(path, metadata=undated)", "figure.savefig(path)", "the day is written into a picture",
           f"{PLOTS}::test_the_ending_chooses_the_format_and_one_input_gives_one_file"),
    mutant("drawing", "    except OSError as error:", "    except ZeroDivisionError as error:", "a place not to be written is a traceback", f"{PLOTS}::test_a_place_not_to_be_written_is_the_users_error"),
    mutant("drawing", "        path.parent.mkdir(parents=True, exist_ok=True)\n", "", "a folder is not made", f"{PLOTS}::test_the_ending_chooses_the_format_and_one_input_gives_one_file"),
    mutant("drawing", "    return path\n\n\ndef show", "    show(path)\n    return path\n\n\ndef show", "a window opens", f"{PLOTS}::test_show_alone_opens_the_picture"),
]
