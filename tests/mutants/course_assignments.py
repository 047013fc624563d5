"""Mistakes in the assignments of the course, in what they hand out, and in a handout."""

from . import Mutant

TESTS = "tests/course/test_assignments.py"
EXERCISE, STUB, ASSIGNMENTS, CATALOGUE = ("tinydmn/cli/exercise.py", "tinydmn/course/stub.py", "tinydmn/course/assignments.py", "tinydmn/course/catalogue.py")
GUIDE = "lessons/assignments/teacher.md"
at = lambda *names: " ".join(f"{TESTS}::test_{name}" for name in names)
PLANTED, HANDED = at("a_planted_solution_is_not_handed_out"), at("a_student_is_handed_a_handout_and_holes")

MUTANTS = [
    Mutant(EXERCISE, "        check_holes(files[path], found)\n", "", PLANTED, "what is handed out is not looked at"),
    Mutant(STUB, "    return (len(doc) == 1 and is_constant(doc[0])\n            and", "    return (", PLANTED, "a solution before the hole is none"),
    Mutant(STUB, "raised.id == \"NotImplementedError\"", "raised.id", PLANTED, "any exception is a hole"),
    Mutant(STUB, "if missing := {*asked(part)} - holes:", "if missing := set():", PLANTED, "a hole may be missing"),
    Mutant(STUB, "elif not is_function and not is_import(node) and not is_constant(node):", "elif False:", PLANTED, "a solution outside the functions"),
    Mutant(STUB, "isinstance(value, ast.Dict) and not value.keys)", "isinstance(value, ast.Dict))", PLANTED, "a dict with something in it"),
    Mutant(STUB, "(ast.get_docstring(node) or \"\").startswith(\"Given:\")", "False", at("a_given_function_is_no_solution"), "a function that is given is a solution"),
    Mutant(STUB, "            if any(part.equations(PAPER._replace(**{name: value})) != part.equations(PAPER)\n                   for part in exercise.parts)]", "            if value != getattr(PAPER, name)]",
           at("what_is_not_the_papers_is_said_where_it_matters"), "what does not matter to an exercise is said"),
    Mutant(EXERCISE, "        check_place(one, args.overwrite)\n", "        check_place(path, True)\n", at("nothing_is_replaced_and_all_is_written_or_none"), "what a student has written is replaced"),
    Mutant(EXERCISE, "return re.sub(r\"\\[([^]]+)\\]\\(\\.\\./([^)/]+)\\)\", r\"\\1 (`\\2`)\", text)", "return text", at("its_links_lead_somewhere"), "links that lead nowhere are handed out"),
    Mutant(ASSIGNMENTS, "for letter, size in one.small.items()}", "for letter, size in ones[0].small.items()}", at("a_stub_is_the_same_as_in_its_exercise_alone"), "the sizes of one exercise for all"),
    Mutant(ASSIGNMENTS, "return tuple((part, self.points[part.name])", "return tuple((part.name, self.points[part.name])", at("every_part_that_has_points_is_in_the_catalogue"), "names for parts"),
    Mutant(ASSIGNMENTS, "{\"gate_features\": 7, \"gate\": 5}", "{\"gate_features\": 6, \"gate\": 6}", at("the_points_of_a_handout_are_those_of_the_command"), "points that no handout speaks of"),
    Mutant(CATALOGUE, "    if not ASSIGNMENTS[name].exercises:\n", "    if False:\n", at("an_assignment_that_is_graded_by_hand_alone"), "nothing to check is right"),
    Mutant(GUIDE, "| a4.2 | 0.4,", "| a4.2 | 0.6,", at("the_rubric_of_the_kink"), "a wrong slope at the kink"),
    Mutant(GUIDE, "tinydmn exercise a2 --out", "tinydmn exercise a2 --to", at("a_command_in_a_handout_or_in_the_guide_is_one"), "an option that is none"),
]
