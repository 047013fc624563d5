"""Mistakes in what is shown of single answers: which, in what order, how sure, where it looked, in files, on the screen, in a picture; in JSON."""

from . import Mutant

ANSWERS, ASK, JSON, TRAIN, TABLES, CONFUSION = (f"tests/test_{name}.py" for name in ("answers", "ask", "json", "train", "tables", "confusion"))
ALONE = f"{ANSWERS}::test_each_answer_is_that_of_its_question_asked_alone"
TOGETHER = f"{ANSWERS}::test_each_answer_of_an_ensemble_is_that_of_all_together"
PLACES = f"{ANSWERS}::test_places_are_words_where_words_are_facts"
FILES = f"{ANSWERS}::test_what_is_written_agrees_with_what_is_printed_and_with_the_network"
BYTES = f"{ANSWERS}::test_a_file_with_other_tags_is_else_the_same_byte_for_byte"
TAGGED = f"{ANSWERS}::test_eval_writes_the_tagged_file_with_the_tags_of_the_network"
FOLDER = f"{ANSWERS}::test_tags_of_a_folder_and_of_generated_sentences"
REFUSED = f"{ANSWERS}::test_places_that_are_refused_before_the_work"
REPLACED = f"{ANSWERS}::test_an_existing_file_is_replaced_where_that_is_asked_for_and_whole_or_not_at_all"
WRONG = f"{ANSWERS}::test_wrong_answers_are_shown_as_ask_shows_an_answer"
TEXT = f"{ANSWERS}::test_the_text_of_an_answer"
DRAWN = f"{ANSWERS}::test_the_picture_is_drawn_of_the_same_answers"
MATRIX = f"{CONFUSION}::test_a_confusion_matrix_has_right_answers_down_and_the_networks_across"
MANY = f"{CONFUSION}::test_of_many_classes_the_most_confused_are_shown_and_the_rest_together"


def answers(old, new, what, tests=ALONE):
    return Mutant("tinydmn/training/answers.py", old, new, tests, what)


def said(old, new, what, tests=f"{ALONE} {ASK}"):
    return Mutant("tinydmn/answer.py", old, new, tests, what)


def evaluate(old, new, what, tests):
    return Mutant("tinydmn/cli/evaluate.py", old, new, tests, what)


def retagged(old, new, what, tests=BYTES):
    return Mutant("tinydmn/data/retagged.py", old, new, tests, what)


def confusion(old, new, what, tests=MATRIX):
    return Mutant("tinydmn/plots/confusion.py", old, new, tests, what)


def writing(old, new, what, tests=JSON):
    return Mutant("tinydmn/writing.py", old, new, tests, what)


MUTANTS = [
    # ---- one answer after the other
    answers("lambda k: story.questions[k].n_facts if cut else k", "lambda k: k", "questions of a network that reads both ways are exchanged"),
    answers("lambda k: story.questions[k].n_facts if cut else k", "lambda k: story.questions[k].n_facts", "questions are named in the order of what they see"),
    answers("sorted(of_story, key=lambda pair: pair[0][2]):", "of_story:", "answers stand in the order in which they were asked, not in the story's"),
    answers("outputs(model, batch, thetas=thetas)", "outputs(model, batch)", "an ensemble's answers are the single network's", TOGETHER),
    answers("yield part, out, q, right[q], first[q]", "yield part, out, q, right[0], first[q]", "right where the first of its part is"),
    answers("yield part, out, q, right[q], first[q]", "yield part, out, q, right[q], 0", "gates of the first sentence for all"),
    answers("known, n = np.any(part.answer[q] != NONE), part.n_facts[q]", "known, n = True, part.n_facts[q]", "what nobody knows is called wrong"),
    answers("part.n_facts[q]\n", "part.n_facts_story[part.story_of[q]]\n", "facts told after the question have weights"),
    answers("known = bool(question.answer)", "known = True", "a sentence without tags is a traceback"),
    answers("endless = decoded and END_OF_ANSWER not in out.answers[q]", "endless = False", "a decoded answer without an end looks like the right one", f"{ANSWERS}::test_a_decoded_answer_without_an_end_is_not_called_like_the_right_one"),
    answers("        scores.argmax(axis=1).tolist(), [int(i)", "        scores.argmin(axis=1).tolist(), [int(i)", "where each pass looked least"),
    answers("scores = out.gate_scores[:out.passes_made[q], q, :n + 1]", "scores = out.gate_scores[:out.passes_made[q], q, :n]",
            "no pass is ever at its end"),
    answers("[int(i) for i in part.support[q] if i >= 0]", "question.support", "supporting facts are counted in sentences where places are words",
            PLACES),
    answers("gates = out.gates[:, first + t, :t + 1]", "gates = out.gates[:, first, :t + 1]", "every word has the gates of the first"),
    answers("words[:t + 1], question.answer[t] if known", "words, question.answer[t] if known", "a word sees those behind it"),
    answers("story.facts[:question.n_facts]", "story.facts", "facts told after the question are named"),
    answers("named[i], float(row[i])) for i, row in zip(self.looked, self.gates)",
            "named[i], float(row.max())) for i, row in zip(self.looked[::-1], self.gates)",
            "passes in the wrong order"),
    answers("(None, END)]", "(len(self.facts), END)]", "end-of-passes as one more fact"),
    # ---- how sure
    said("[(vocabulary.answers[k], float(of[k])) for k in best]", "[(vocabulary.answers[k], float(of.max())) for k in best]", "the same probability for every answer"),
    said("np.argsort(-scores, axis=1, kind=\"stable\")", "np.argsort(scores, axis=1, kind=\"stable\")", "the least likely answer first"),
    said("    p = softmax(scores)\n", "    p = 1 / (1 + np.exp(-scores))\n", "a sigmoid for the softmax"),
    said("float(np.prod(p[steps, out.answers[q, steps]]))", "float(p[0, out.answers[q, 0]])", "a decoded answer has the probability of its first word"),
    said("np.flatnonzero(out.answers[q] >= 0)", "np.flatnonzero(out.answers[q] > 0)", "the end of a decoded answer does not count"),
    said("return out.gates[:out.passes_made[q], q, :n + 1]", "return np.roll(out.gates[:out.passes_made[q], q, :n + 1], 1, axis=1)", "gates a column further"),
    said("return out.gates[:out.passes_made[q], q, :n + 1]", "return out.gates[:out.passes_made[q], q, :n + 1][::-1]", "passes mirrored"),
    said("return out.gates[:out.passes_made[q], q, :n + 1]", "return out.gates[:, q, :n + 1]", "passes that were not made are shown"),
    said("    scores[rows, chosen[:len(rows)]] = np.inf              # among equals, the one that was chosen\n", "", "of equals another than was chosen",
         f"{ANSWERS}::test_of_equals_the_one_that_was_chosen"),
    said("[END_OF_SENTENCE] if kind == \"both\"", "[] if kind == \"both\"", "no place for the end of a sentence", f"{PLACES} {ASK}"),
    # ---- written down
    answers("for i in range(passes) for what in", "for i in range(passes, 0, -1) for what in", "columns of passes under each other's names", FILES),
    answers("+ [\"\"] * (3 * passes - len(looked))", "", "a row is shorter than its heads",
            f"{ANSWERS}::test_a_row_of_passes_that_were_not_made_is_empty",),
    answers("\"\" if answer.right is None else int(answer.right)", "\"\" if answer.right is None else int(not answer.right)",
            "right and wrong exchanged", FILES),
    answers("answer.facts[i] for i in answer.support)", "answer.facts[i - 1] for i in answer.support)", "the fact before the supporting one", FILES),
    answers("len(answer.facts), \" \".join", "answer.number, \" \".join", "the story's number for the number of facts", FILES),
    answers("({\"sentence\": answer.number} if task.tags else {})", "({\"sentence\": answer.number - 1} if task.tags else {})", "sentences counted from 0", FILES),
    answers("\"others\": dict(answer.ranked[1:])", "\"others\": dict(answer.ranked)", "the answer is among the others", FILES),
    Mutant("tinydmn/tasks/sst.py", "return \" \".join(word for word in answer.facts if word != END_OF_SENTENCE)", "return answer.question", FILES, "the question of a text for the text"),
    answers("indent=None) + \"\\n\" for", "indent=1) + \"\\n\" for", "an answer goes over several lines", FILES),
    # ---- tagged files
    retagged("if leaf[1] != \"-NONE-\")", ")", "traces have tags"),
    retagged("re.fullmatch(\"[0-9]+\", word)", "re.match(\"[0-9]+\", word)", "ranges of words have tags"),
    retagged("    start, end = cells[place]\n", "    start, end = cells[place]\n    start = max(0, start - 1)\n", "a tag a letter too early"),
    retagged("_cell(line.rstrip(\"\\r\"), format_, place)", "_cell(line, format_, place)", "a Windows line's end is taken for a tag's"),
    retagged("    if word == DOCUMENT:\n        return None\n", "", "-DOCSTART- has a tag"),
    retagged("tag.replace(\"/\", r\"\\/\") if self.slashes else tag", "tag", "a slash inside a tag parts it"),
    retagged("len(LAST_SLASH.fullmatch(token[0])[2])", "len(token[0].partition(\"/\")[2])", "the first slash parts word and tag"),
    retagged("- len(tag.lstrip(\" \")), end", "- len(tag), end", "a blank before a tag is part of it"),
    retagged("self.mark = data[:len(BOM)] if data.startswith(BOM) else b\"\"", "self.mark = b\"\"", "a byte order mark is lost"),
    retagged("place_of(column, format_, path)", "place_of(\"xpos\", format_, path)", "the other column is written", f"{BYTES} {TAGGED}"),
    retagged("        if [self.text[start:end] for start, end in self.spans] != self._written(tags):\n", "        if False:\n",
             "tags are put into a file of another format",
             f"{ANSWERS}::test_tags_of_another_file_are_not_put_into_it"),
    retagged(" for form, tag in pairs) + \"\\n\" for pairs in sentences)", " for form, tag in pairs) for pairs in sentences)",
             "no blank line after a sentence", FOLDER),
    # ---- the command
    evaluate("list(answers(model, stories, thetas)) if", "list(answers(model, stories)) if", "what is written is not of the ensemble",
             f"{FILES} {TAGGED} {WRONG} {DRAWN}"),
    evaluate("found = list(answers(model, stories, thetas)) if every else []", "found = list(answers(model, stories, thetas))", "everything is asked twice", f"{ANSWERS}::test_without_being_asked_for_answers_are_not_looked_at_twice"),
    evaluate("        check_predictions(args, task)\n", "        pass\n", "a place is refused after the work", REFUSED),
    evaluate("    check_place(args.predictions, args.overwrite)\n", "", "what stands there is replaced", REFUSED),
    evaluate("    for given in (args.file, args.checkpoint):\n", "    for given in (args.file,):\n", "a network is overwritten by what it says",
             REFUSED),
    evaluate("ending = Path(path).suffix.lower()", "ending = Path(path).suffix", "endings in capitals are no tables", FILES),
    evaluate("[word.answer for word in found])", "[word.right_answer for word in found])", "the right tags are written, not the network's", TAGGED),
    evaluate("return gzip.compress(content, mtime=0) if str(path).lower().endswith(\".gz\") else content", "return content", "a .gz that is none",
             TAGGED),
    evaluate("    if len(files) > 1:\n", "    if False:\n", "sentences of many files", FOLDER),
    evaluate("    if kind(path) and kind(path) != kind(*files or [\"\"]):\n", "    if False:\n", "a .conllu that is none", FOLDER),
    evaluate("return Retagged(*files, tags, about[\"column\"])", "return Retagged(*files, tags)", "the column of training is forgotten where tags are put back", TAGGED),
    evaluate("key=lambda answer: answer.number)", "key=lambda answer: answer.source[:14])", "sentences run together", FOLDER),
    evaluate("if answer.right is False]", "if not answer.right or answer.probability < 1]", "right answers are shown as wrong", WRONG),
    evaluate("for answer in wrong[:most]:", "for answer in wrong[-most:]:", "the last ones for the first", WRONG),
    evaluate("{len(wrong) - most} more are wrong", "{len(wrong)} more are wrong", "those that were shown are counted again", WRONG),
    evaluate("answer.facts, answer.gates,\n                              answer.support)]", "answer.facts, answer.gates)]", "supporting facts are not marked", WRONG),
    evaluate("*words[:t - 1], f\"[{words[t - 1]}]\", *words[t:]", "*words[:t], f\"[{words[t - 1]}]\", *words[t + 1:]", "another word is marked", f"{ANSWERS}::test_a_wrong_tag_is_shown_in_its_sentence"),
    evaluate("FRESH_TEXTS, WRONG = 200, 10", "FRESH_TEXTS, WRONG = 200, 9", "nine wrong answers for ten", WRONG),
    evaluate("    if args.wrong and args.json:\n", "    if False:\n", "--wrong beside --json does nothing", REFUSED),
    evaluate("plot_confusion([answer.right_answer for answer in scored],\n                       [answer.answer for answer in scored],", "plot_confusion([answer.answer for answer in scored],\n                       [answer.right_answer for answer in scored],", "rows and columns of the picture exchanged", DRAWN),
    evaluate("order=task.answer_order)", "order=())", "moods in the order of the alphabet", DRAWN),
    # ---- on the screen
    Mutant("tinydmn/terminal.py", "for name, p in ranked[1:3])", "for name, p in ranked[2:4])", f"{TEXT} {ASK}", "the second answer is not shown"),
    Mutant("tinydmn/terminal.py", "    lines = [fitted(line, width).rstrip() for line in lines]\n", "", TEXT, "a long word goes beyond 80 columns"),
    Mutant("tinydmn/terminal.py", "if len(gates) and np.isfinite(gates).all():", "if len(gates):", f"{TEXT} {JSON}",
           "weights that are no numbers are a traceback"),
    Mutant("tinydmn/terminal.py", "most = np.argsort(-np.asarray(row), kind=\"stable\")", "most = np.argsort(np.asarray(row), kind=\"stable\")", TEXT,
           "what a word looked at least"),
    Mutant("tinydmn/terminal.py", "attention_text(facts, gates, support, width, colour)",
           "attention_text(facts, gates, (), width, colour)", f"{TEXT} {WRONG}", "no supporting fact is marked"),
    Mutant("tinydmn/terminal.py", "\".join(f\"{shown(facts[t])} {row[t]:.2f}\"", "\".join(f\"{facts[t]} {row[t]:.2f}\"", TEXT,
           "control characters of a word reach the terminal",
           harmless="fitted shows the whole line"),
    Mutant("tinydmn/cli/ask.py", "    if not sys.stdin.isatty():\n        raise UserError(problem)\n", "    raise UserError(problem)\n", ASK,
           "a question typed first ends the session"),
    Mutant("tinydmn/cli/ask.py", "    if not sys.stdin.isatty():\n        raise UserError(problem)\n", "", ASK,
           "piped questions that cannot be asked are passed over"),
    Mutant("tinydmn/cli/ask.py", "file=sys.stderr if args.json else sys.stdout)", "file=sys.stdout)", ASK, "a welcome among the JSON"),
    Mutant("tinydmn/cli/ask.py", "\"gates\": gates, \"unknown_words\": unknown}, indent=None)", "\"gates\": gates, \"unknown_words\": unknown})", ASK, "an answer's JSON goes over many lines"),
    Mutant("tinydmn/cli/ask.py", "\"unknown_words\": unknown},\n                   indent=None)", "\"unknown_words\": unknown})", ASK, "a sentence's JSON goes over many lines"),
    Mutant("tinydmn/cli/ask.py", "\"others\": dict(found.others)", "\"others\": dict(ranked[:3])", ASK, "the answer is among the others"),
    Mutant("tinydmn/cli/ask.py", "question=typed.text, predicted=found.answer)", "question=typed.text, predicted=ranked[-1][0])", ASK, "the picture says another answer"),
    Mutant("tinydmn/terminal.py", "    lines = [indent]\n    for word in shown(text).split(\" \"):",
           "    lines = [indent]\n    for word in text.split(\" \"):", f"{ASK} tests/test_terminal.py",
           "control characters of a question reach the terminal"),
    Mutant("tinydmn/cli/common.py", "    if not best:\n", "    if False:\n", f"{TRAIN} {TABLES}", "best of 1 epochs: 0"),
    Mutant("tinydmn/cli/common.py", "return counted(1, \"epoch\") if epochs == 1 else f\"best", "return f\"best", f"{TRAIN} {TABLES}",
           "best of 1 epochs"),
    Mutant("tinydmn/cli/common.py", "{'s' * (n != 1)}", "s", f"{TRAIN} tests/test_cli.py", "1 epochs"),
    # ---- JSON
    writing("return float(value) if isfinite(value) else None", "return float(value) if value == value else None", "an infinite number in JSON",
            f"{JSON} tests/test_numbers.py"),
    writing("return float(value) if isfinite(value) else None", "return float(value)", "a NaN in JSON is a traceback"),
    writing("if isinstance(value, (list, tuple)):", "if isinstance(value, list):", "a tuple in JSON"),
    writing("    if isinstance(value, (np.ndarray, np.generic)):\n        return _plain(value.tolist())\n", "", "an array in JSON"),
    writing("if os.path.exists(path) and not overwrite:", "if os.path.exists(path) and overwrite:", "what stands there is replaced"),
    writing("content.encode(errors=\"replace\")", "content.encode()", "a name that is no UTF-8 is a traceback"),
    writing("        os.replace(temporary, path)\n", "        path.write_bytes(temporary.read_bytes())\n",
            "half a file stays where it was broken off", REPLACED),
    Mutant("tinydmn/cli/table.py", "json_text(table) + \"\\n\"", "__import__(\"json\").dumps(table, default=float)", JSON, "a NaN in table.json"),
    Mutant("tinydmn/training/runs.py", "write_whole(path.with_suffix(\".json\"), json_text(result))",
           "write_whole(path.with_suffix(\".json\"), json.dumps(result))", JSON, "a NaN in a run's JSON"),
    Mutant("tinydmn/training/tables.py", "loss = [inf if (loss := result", "loss = [0.0 if (loss := result", JSON,
           "a loss that is no number is the least"),
    # ---- the picture
    confusion("counts[number[one], number[other]] = n", "counts[number[other], number[one]] = n", "rows and columns exchanged", f"{MATRIX} {MANY}"),
    confusion("share = counts[i, j] / rows[i] if rows[i] else 0.0", "share = counts[i, j] / columns[j] if columns[j] else 0.0",
              "a share of the column"),
    confusion("x, y = left + cell * j, top + _ROW * i", "x, y = left + cell * i, top + _ROW * j", "mirrored", f"{MATRIX} {MANY}"),
    confusion("shade = shades(np.sqrt(share))", "shade = shades(1 - np.sqrt(share))", "darker is less"),
    confusion("for total, x, y in ((rows[i],", "for total, x, y in ((columns[i],", "sums of the columns beside the rows"),
    confusion("percent(known[i] / total)}\" if total and i < kept", "percent(known[i] / len(right))}\" if total and i < kept", "a share of all"),
    confusion("names = [name for name in order if name in found] + sorted(found - {*order})", "names = sorted(found)",
              "the order that was given is ignored"),
    confusion("np.lexsort((-counts.sum(axis=1), -mistakes))", "np.lexsort((-mistakes, -counts.sum(axis=1)))",
              "the most frequent for the most confused", MANY),
    confusion("np.lexsort((-counts.sum(axis=1), -mistakes))", "np.lexsort((-mistakes,))", "of equals the first by the alphabet", MANY),
    confusion("mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)", "mistakes = counts.sum(axis=0) + counts.sum(axis=1)",
              "right answers count as mistakes", MANY),
    confusion("    np.add.at(out, (place[:, None], place[None, :]), counts)\n", "    out[place[:, None], place[None, :]] = counts\n",
              "of the others the last alone", MANY),
    confusion("    if share and not whole:\n", "    if False:\n", "something is called 0 %"),
    confusion("\">99 %\" if share < 1 and whole == 100 else ", "", "not all is called 100 %"),
    confusion("top - 0.08, label, rotation", "top - 0.08, labels[::-1][i], rotation", "columns under each other's names"),
    confusion("for i in range(kept):\n            axes.add_patch", "for i in range(n):\n            axes.add_patch", "the others are framed as right",
              MANY),
    confusion("with new_figure(labels, title) as figure:", "with new_figure(title) as figure:", "letters of an answer are boxes",
              "tests/test_letters.py::test_a_font_is_sought_for_each_word_of_a_user"),
    confusion("cell = max(_CELL, 0.1 + max(", "cell = max(_CELL, 0.0 * max(", "large numbers run into each other",
              f"{CONFUSION}::test_texts_of_a_confusion_matrix_have_room"),
]
