"""Mistakes in answer.py: how a story and a question are read, what an Answer holds and shows.  (What it reads from an Output: answers.py.)"""

from . import Mutant

ANSWER = "tests/test_answer.py"
WAYS = f"{ANSWER}::test_a_story_and_a_question_may_be_given_in_many_ways"
REFUSED = f"{ANSWER}::test_what_cannot_be_asked_is_said_in_one_line"
SEES = f"{ANSWER}::test_a_question_of_a_story_sees_its_facts_and_knows_its_support"
PICTURE = f"{ANSWER}::test_the_picture_is_the_answers_and_is_saved_where_it_is_wanted"
NOTHING = f"{ANSWER}::test_where_there_is_no_attention_there_is_no_picture"
COLOUR = f"{ANSWER}::test_colour_is_for_terminals_that_have_it"


def mutant(old, new, what, tests):
    return Mutant("tinydmn/answer.py", old, new, tests, what)


MUTANTS = [
    mutant("    facts, labels = facts[:seen], labels and labels[:seen]\n", "    labels = labels and labels[:seen]\n", "facts after the question are read",
           f"{SEES} {ANSWER}::test_a_network_that_reads_backward_does_not_see_what_comes_after_the_question"),
    mutant("labels and labels[:seen]", "labels", "facts after the question are named", SEES),
    mutant("(answer, probability), *others", "*others, (answer, probability)", "the least likely answer", f"{ANSWER}::test_an_answer_is_that_of_the_network"),
    mutant("for i in batch.support[0] if i >= 0)", "for i in question.support)", "support counted in sentences where words are facts",
           f"{ANSWER}::test_words_and_ends_of_sentences_are_facts"),
    mutant("for text in (*facts, question.tokens)", "for text in facts", "unknown words of the question are not named", f"{ANSWER}::test_words_that_training_never_saw_are_named"),
    mutant("        elif len(lines) == 1:\n", "        else:\n", "only the first line is read", WAYS),
    mutant("if line.strip()]\n", "]\n", "a blank line ends the story", f"{WAYS} {REFUSED}"),
    mutant("            lines = [\" \".join(lines)] if lines else []\n", "            pass\n", "a text on two lines has two sentences", f"{ANSWER}::test_words_are_facts_of_one_sentence"),
    mutant("[-1].lower() in known", "[-1] in known", "Dr. ends a sentence", f"{ANSWER}::test_a_full_stop_inside_a_line_ends_a_sentence_unless_a_known_word_has_it"),
    mutant("            sentences[-1] += \" \" + part\n", "            sentences.append(part)\n", "every full stop ends a sentence",
           f"{ANSWER}::test_a_full_stop_inside_a_line_ends_a_sentence_unless_a_known_word_has_it"),
    mutant("    return [sentence_words(fact) for fact in typed], typed", "    return [sentence_words(fact) for fact in lines], lines", "numbers of lines are words", WAYS),
    mutant("if empty := [", "if False and [", "a fact without words begins the story anew", REFUSED),
    mutant("    if not words:\n", "    if False:\n", "a question without words", REFUSED),
    mutant("        return self.text(colour=False)\n", "        return self.text()\n", "print() writes colour codes", COLOUR),
    mutant("    def __repr__(self):\n        return self.text()\n", "    def __repr__(self):\n        return self.text(colour=False)\n", "a terminal shows no colour", COLOUR),
    mutant("    def __repr__(self):\n        return self.text()\n", "    def __repr__(self):\n        return self.text(colour=True)\n", "colour codes in a file", COLOUR),
    mutant("self.facts, self.attention, self.support, width, colour)", "self.facts, self.attention, (), width, colour)", "no supporting fact is marked",
           f"{SEES} {ANSWER}::test_text_is_what_the_command_line_prints"),
    mutant("self.question, support=self.support)", "self.question)", "the picture marks no supporting fact", PICTURE),
    mutant("[panel], self.question", "[panel], \"\"", "the picture without its question", PICTURE),
    mutant("                save(figure, path)\n", "                pass\n", "no picture is saved", PICTURE),
    mutant("        if not len(self.attention):\n", "        if False:\n", "zero passes are drawn", NOTHING),
    mutant("len(self.attention) and np.isfinite(self.attention).all()", "len(self.attention)", "a notebook's error for weights that are no numbers", NOTHING),
    Mutant("tinydmn/plots/drawing.py", "        with _style(), io.BytesIO() as png:", "        with io.BytesIO() as png:",
           f"{ANSWER}::test_a_notebook_shows_the_answer_and_its_figure_as_a_picture", "settings of others cut a notebook's picture"),
]
