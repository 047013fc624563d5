"""Mistakes in what reads a file of one's own, in data/, training/ and the commands: stories, texts with labels, tagged sentences."""

from . import Mutant

JSON, LABELLED, FORMATS, FILES = (f"tinydmn/data/{name}.py" for name in ("json_lines", "labelled", "tag_formats", "files"))
TEST_JSON, TEST_LABELLED, TEST_FORMATS = (f"tests/data/test_{name}.py" for name in ("json_lines", "labelled", "tag_formats"))
OWN = "tests/test_own_files.py"
MATERIAL, PRESETS, TRAIN, EVAL = "tinydmn/training/material.py", "tinydmn/training/presets.py", "tinydmn/cli/train.py", "tinydmn/cli/evaluate.py"


def of(file, tests):
    """-> mutant(old, new, what) for that file."""
    return lambda old, new, what, tests=tests: Mutant(file, old, new, tests, what)


json, labelled, formats, files = of(JSON, TEST_JSON), of(LABELLED, TEST_LABELLED), of(FORMATS, TEST_FORMATS), of(FILES, OWN)
material, presets, train, evaluate = of(MATERIAL, OWN), of(PRESETS, OWN), of(TRAIN, OWN), of(EVAL, OWN)

MUTANTS = [
    # stories as JSON Lines
    json("    if len(found) < len(pairs):", "    if False:", "a key that stands twice is read once"),
    json("parse_constant=_no_number", "parse_constant=str", "NaN is a word"),
    json("            json.dumps(found, ensure_ascii=False).encode()\n", "", "half a letter is let in"),
    json("        if not text.strip():\n            continue\n", "", "an empty line is a fault"),
    json("    if not any(story.questions for story in stories):", "    if not stories:", "a file without a question is read"),
    json('f"{path}:{line}")\n\n\ndef _question', 'f"{path}")\n\n\ndef _question', "a story's source has no line"),
    json('value("n_facts", F)', 'value("n_facts", 1)', "a question sees the first fact alone where nothing is said"),
    json("if found.get(key) is None else found[key]", "if key not in found else found[key]", "null is no number of facts"),
    json("or not 1 <= n_facts <= F:", "or not 0 <= n_facts <= F:", "a question may see no fact"),
    json("or not 1 <= n_facts <= F:", "or n_facts < 1:", "a question may see more facts than there are"),
    json("or not 0 <= i < n_facts:", "or not 0 <= i < F:", "a question may rest on what it does not see"),
    json("or not 0 <= i < n_facts:", "or i >= n_facts:", "a question may rest on fact -1"),
    json("isinstance(value, int) and not isinstance(value, bool)", "isinstance(value, int)", "true is fact 1"),
    json("n_facts, support)\n\n\ndef _words", "n_facts, [i - 1 for i in support])\n\n\ndef _words", "supporting facts count from 1"),
    json("n_facts, support)\n\n\ndef _words", "F, support)\n\n\ndef _words", "a question in the middle sees the end"),
    json("n_facts, support)\n\n\ndef _words", "n_facts, sorted(support))\n\n\ndef _words", "supporting facts are sorted"),
    json("words = [word.strip().lower() for word in value]", "words = [word.strip() for word in value]", "words of a list keep their capitals"),
    json('        if words and words[-1] in (".", "?"):\n            words.pop()\n', "", "a full stop in a list is a word"),
    json("words = words and [word and word.lower() for word in words]", "pass", "a list of answers keeps its capitals"),
    json("    if not words or not all(words):", "    if not words:", "half a list is an answer"),
    json("        if key not in (*needed, *allowed):", "        if False:", "an unknown key is ignored"),
    json("if isinstance(value, (bool, int, float)) else None", "if isinstance(value, int) else None", "2.5 is no answer"),

    # texts with labels
    labelled("words = [word.lower() for word in treebank_words(", "words = [word for word in treebank_words(", "texts keep their capitals"),
    labelled("        if not label:\n", "        if False:\n", "a text without a label has the empty one"),
    labelled("        if not words:\n", "        if False:\n", "a label without a text is read"),
    labelled('f"{path}:{line}"))\n    return stories', 'f"{path}"))\n    return stories', "a text's source has no line"),
    labelled("low = {name.strip().lower(): name", "low = {name: name", "Text,Label names no columns"),
    labelled("    if len(names) == 2 and (text or label):", "    if False:", "sms,label names no columns"),
    labelled("return share, self.fault is None,", "return -share, self.fault is None,", "the delimiter that fits worst"),
    labelled("return share, self.fault is None,", "return share, self.fault is not None,", "a delimiter whose quotes do not fit"),
    labelled("self.fault is None, -len(labels), width", "self.fault is None, len(labels), width",
             "the delimiter with the most labels"),
    labelled("self.rows[bool(self.named):]", "self.rows", "the names of the columns are a text"),
    labelled('(";", True), ("\\t", False))', '(";", True))', "with tabs a quote is never a letter"),
    labelled('(("\\t", True), (",", True)', '((",", True)', "with tabs a quote is always a letter"),
    labelled('(("\\t", True), (",", True), (";", True), ("\\t", False))', '(("\\t", True), ("\\t", False), (",", True), (";", True))',
             "a tab inside a quoted text parts a table of one label"),
    labelled('(",", True), (";", True), ', '(",", True), ', "a semicolon parts nothing"),
    labelled("                rows.append((line, ", "                rows.append((reader.line_num, ", "a row's line is its last"),
    labelled("strict=quotes,\n", "\n", "a quote that is not closed is let in"),
    labelled("2 * len(texts) <= len(labels):", "len(texts) < 0:", "labels that stand first are texts"),
    labelled("    if best.fault:\n", "    if False:\n", "rows behind a wrong quote are lost silently"),
    labelled("return [(line, cells[text], cells[label])", "return [(line, cells[label], cells[text])", "texts for labels"),

    # formats of tagged sentences
    formats('return "CoNLL-2000" if n == 3 else "CoNLL-2003"', 'return "CoNLL-2003" if n == 3 else "CoNLL-2000"', "the two change places"),
    formats("if n in (3, 4) and _most(all(row) for row in spans):", "if n in (3, 4):", "any three columns are CoNLL-2000"),
    formats('if any(len(row) == 10 and re.match("[0-9]", row[0]) for row in rows):', "if len(rows[0]) == 10:", "a comment hides CoNLL-U"),
    formats('if "\\t" not in lines[0] and lines[0]', "if lines[0]", "a bracket before a tab begins a tree"),
    formats('if text.rstrip().endswith(")") or', "if True or", "any opening bracket begins a tree"),
    formats("            if cells[0] == DOCUMENT:\n                continue\n", "", "-DOCSTART- is a word"),
    formats('{"pos": 1, "chunk": 2, "ner": 3}}', '{"pos": 1, "chunk": 3, "ner": 2}}', "chunks and names change places"),
    formats('SAME = {"xpos": "pos", "pos": "xpos"}', "SAME = {}", "xpos is not pos"),
    formats("        return int(column) - 1\n", "        return int(column)\n", "columns count from 0"),
    formats("word + 1 < int(column) <= width:", "int(column) <= width:", "the word is its own tag"),
    formats("word + 1 < int(column) <= width:", "word + 1 < int(column):", "a column that is not there"),
    formats('LAST_SLASH = re.compile(r"(.*)(?<!\\\\)/(.*?)")', 'LAST_SLASH = re.compile(r"(.*?)(?<!\\\\)/(.*)")', "the first slash parts"),
    formats('LAST_SLASH = re.compile(r"(.*)(?<!\\\\)/(.*?)")', 'LAST_SLASH = re.compile(r"(.*)/(.*?)")', "an escaped slash parts"),
    formats("pairs.append((unescape(word), tag", "pairs.append((word, tag", "escapes stay"),
    formats("            if not word or not tag:", "            if not word:", "a word without a tag is read"),
    formats("            if len(cells) != n:", "            if len(cells) < place:", "a line with other columns is read"),
    formats("            if not cells[0] or not cells[place]:", "            if False:", "an empty column is a tag"),
    formats("            first = first or line\n        if pairs:", "            first = line\n        if pairs:",
            "a sentence's source is its last word's line"),
    formats("    return 2 * sum(truths) > len(truths)", "    return sum(truths) > 0", "one slash makes a file word/TAG"),
    Mutant("tinydmn/data/tagged.py", 'for place in (Path(folder), Path(folder) / "combined"):', "for place in (Path(folder),):", TEST_FORMATS,
           "combined/ is not looked into"),
    Mutant("tinydmn/data/tagged.py", "            return *split_by_story(found, 0.1), None\n", "            return found, found, None\n",
           TEST_FORMATS, "a flat folder is its own validation"),

    # which reader, and the two parts
    files('if first_letter(path) == "{" else read_babi(path)', 'if str(path).endswith(".jsonl") else read_babi(path)',
          "the name decides, not the content"),
    Mutant("tinydmn/tasks/task.py", "        return split_by_story(stories, 0.1)\n", "        return stories, split_by_story(stories, 0.1)[1]\n", OWN, "validation stays in training"),
    Mutant("tinydmn/tasks/task.py", "        return split_by_story(stories, 0.1)\n", "        return stories[:-len(stories) // 10], stories[-len(stories) // 10:]\n", OWN, "the last tenth is held out"),
    Mutant("tinydmn/tasks/task.py", "return stories, self.read(about[\"valid\"], about)", "return stories, stories", OWN, "--valid is ignored"),
    Mutant("tinydmn/tasks/task.py", "return stories, self.read(about[\"valid\"], about)", "return stories + self.read(about[\"valid\"], about), self.read(about[\"valid\"], about)", OWN, "validation is learnt from"),
    Mutant("tinydmn/tasks/task.py", "return stories, self.read(about[\"valid\"], about)", "return stories, self.read(about[\"valid\"], about | {\"column\": \"xpos\"})", f"{OWN}::test_one_column_of_both_files", "--column is ignored in --valid"),
    Mutant("tinydmn/tasks/task.py", "[story for story in read_stories(path) if story.questions]", "read_stories(path)", OWN, "stories without a question stay"),
    Mutant("tinydmn/tasks/task.py", "        if len(stories) < 2:", "        if False:", OWN, "one story alone is a traceback"),
    Mutant("tinydmn/tasks/sst.py", "        if len(labels) < 2:", "        if False:", OWN, "one label is learnt"),
    files("return sum(text in known for story in valid", "return sum(text not in known for story in valid", "questions that are apart are counted"),
    Mutant("tinydmn/data/text.py", ".removeprefix(BOM).lstrip()[:1].decode", "[:1].decode", f"{OWN} {TEST_JSON}",
           "a blank before the first letter hides it"),

    # what a run is told, and its settings
    Mutant("tinydmn/tasks/__init__.py", "return *task.parts_of_file(about), None", "return *task.parts_of_file(about | {\"valid\": None}), None", OWN, "--valid does not reach the texts"),
    Mutant("tinydmn/tasks/__init__.py", "return *task.parts_of_file(about), None", "return *task.parts_of_file(about | {\"column\": \"xpos\"}), None", OWN, "--column does not reach the texts"),
    Mutant("tinydmn/tasks/task.py", "return about[\"data\"] is None and not own_texts(about)", "return about[\"data\"] is None", OWN, "a file's texts are called our own"),
    material("any(len(q.support) for story in stories for q in story.questions)",
             "all(len(q.support) for story in stories for q in story.questions)", "a question without ids silences all others"),
    Mutant("tinydmn/tasks/babi.py", "not own or supervised(train), **given)", "True, **given)", OWN, "gates are told where there is nothing to tell"),
    Mutant("tinydmn/tasks/__init__.py", "more |= {key: more.get(key) and absolute(more[key]) for key in (\"file\", \"valid\")}", "more |= {key: more.get(key) and str(more[key]) for key in (\"file\", \"valid\")}", OWN, "a file is not found from elsewhere"),
    Mutant("tinydmn/tasks/task.py", "Path(name.removesuffix(\".gz\")).stem or name", "name", OWN, "a run's name has the file's ending"),
    Mutant("tinydmn/tasks/babi.py", "no_supports = {} if supports else {\"alpha\": 0.0, \"gate_epochs\": 0}", "no_supports = {\"alpha\": 0.0, \"gate_epochs\": 0}", f"{OWN} tests/test_presets.py", "own gates are never told"),
    Mutant("tinydmn/tasks/babi.py", "no_supports = {} if supports else {\"alpha\": 0.0, \"gate_epochs\": 0}", "no_supports = {}", OWN, "gates have epochs of their own with nothing to learn"),
    Mutant("tinydmn/tasks/task.py", "given.get(\"batch\", preset[\"batch\"])", "preset[\"batch\"]", OWN, "epochs do not go by --batch"),
    Mutant("tinydmn/tasks/task.py", "min(MOST_EPOCHS, epochs)", "epochs", OWN, "two stories are read thousands of times"),
    Mutant("tinydmn/tasks/task.py", "{\"epochs\": max(preset[\"epochs\"], ", "{\"epochs\": min(preset[\"epochs\"], ", OWN, "a small file is read less often"),

    # the commands
    train("more |= {\"file\": args.file, \"valid\": args.valid}", "more |= {\"file\": args.file}", "--valid is forgotten"),
    train("    if args.valid and not args.file:", "    if False:", "--valid alone does nothing"),
    train("if args.file and option.not_of_files and getattr(args, name) is not None:", "if False:", "--task beside --file does nothing"),
    train("    if getattr(args, other):\n", "    if False:\n", "--resume takes a folder for a file"),
    train("for name in PLACES if getattr(args, name)}", "for name in PLACES[:2] if getattr(args, name)}", "--resume ignores another --valid"),
    train("for name in PLACES if getattr(args, name)}", 'for name in ("data",) if getattr(args, name)}', "--resume ignores another --file"),
    Mutant("tinydmn/tasks/pos.py", "if text in COLUMN_NAMES or text.isdecimal():", "if True:", OWN, "any word is a column"),
    Mutant("tinydmn/tasks/task.py", "if self.supports and not supervised(train):", "if False:", OWN, "nothing is said of gates that are not told"),
    train("(n := in_common(material.train, material.valid)):", "(n := 0):", "nothing is said of questions in common"),
    evaluate("    if args.file:\n        return task.read_asked", "    if args.file and not about.get(\"file\"):\n        return task.read_asked", "--file is ignored for what was held out"),
    evaluate("    if how := how_it_was_read(args, about, task):", "    if how := None:", "eval does not say how it reads a file"),
    evaluate('    if digest(train, [], valid) != about["texts"]:', "    if False:", "a file that has changed is taken for the old one"),
    evaluate("    return valid, f\"{about['valid'] or", "    return train, f\"{about['valid'] or", "training is asked, not what was held out"),
    Mutant("tinydmn/tasks/sst.py", "return not own_texts(about) and first_letter(path) in (\"(\", \"\")", "return not own_texts(about)", OWN, "a run on trees is asked of no table"),
    Mutant("tinydmn/tasks/sst.py", "return not own_texts(about) and first_letter(path) in (\"(\", \"\")", "return False", f"{OWN} tests/data/test_eval_command.py", "a run on trees is asked of no trees"),
    Mutant("tinydmn/cli/gradcheck.py", '        if about.get("file"):\n', "        if False:\n", OWN,
           "gradcheck of a file's run asks other stories"),
]
