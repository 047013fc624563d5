"""Mistakes around a student's file: its walls, its messages, its points."""

from . import Mutant

SESSION, SCRATCH, GRADE, FORMATS = "tests/course/test_session.py", "tests/course/test_scratch.py", "tests/course/test_grade.py", "tests/course/test_formats.py"
WALLS, HOSTILE, FORGED, LINES = (f"{SESSION}::test_{name}" for name in (
    "the_walls", "a_hostile_file_ends_in_time_with_its_line_and_the_rest_counts", "a_forged_message_is_read_as_none", "what_fails_is_one_line_and_what_needs_it_is_not_called"))


def walls(old, new, what, tests=WALLS, harmless=""):
    return Mutant("tinydmn/course/walls.py", old, new, tests, what, harmless)


def student(old, new, what, tests=WALLS, harmless=""):
    return Mutant("tinydmn/course/student.py", old, new, tests, what, harmless)


def session(old, new, what, tests=SESSION):
    return Mutant("tinydmn/course/session.py", old, new, tests, what)


def scratch(old, new, what, tests=SCRATCH, harmless=""):
    return Mutant("tinydmn/course/scratch.py", old, new, tests, what, harmless)


def grade(old, new, what, tests=GRADE):
    return Mutant("tinydmn/course/grade.py", old, new, tests, what)


def formats(old, new, what):
    return Mutant("tinydmn/course/formats.py", old, new, FORMATS, what)


MUTANTS = [
    # the walls
    walls("    sys.addaudithook(hook)\n", "", "nothing is refused"),
    walls("        if flags & writing or (type(mode) is str and set(mode) & set(\"wax+\")):", "        if type(mode) is str and set(mode) & set(\"wax+\"):", "os.open writes where one may read", f"{SESSION}::test_the_package_itself_is_not_read"),
    walls("        elif (path := check_read(path)) != own and mode is None and is_folder(path):", "        elif check_read(path) is None:", "a folder is opened, and files by it",
            f"{HOSTILE}[reads_the_source]"),
    walls("        if type(path) not in exact:  ", "        if not isinstance(path, exact):  ", "a name may be one thing now and another later"),
    walls(" and not any(name in path for name in packages)", "", "what is installed beside Python's library is read", f"{SESSION}::test_the_package_itself_is_not_read"),
    walls(" and not inside(path, hidden)", "", "the package is read where Numba is", f"{SESSION}::test_the_package_itself_is_not_read"),
    walls("            for path in args[:changes[event]]:", "            for path in args[:0]:", "files anywhere are deleted", f"{HOSTILE}[deletes_files]"),
    student("    not_announced(threads=not with_numba)\n", "", "threads and processes start unannounced", f"{HOSTILE}[threads]"),
    walls("\"FSIZE\": WRITTEN, ", "", "files grow without end"),
    walls("\"AS\": memory, ", "", "memory is not limited"),
    student("    sys.modules[\"tinydmn\"] = None\n", "", "the package is looked for on the path", f"{SESSION}::test_what_it_imports", "it is on no path of the child's, and cannot be read: a second wall"),
    student("    sys.stdout = sys.stderr = Printed()\n", "", "prints are an error after a megabyte", f"{SESSION}::test_prints_are_kept_up_to_a_limit"),
    student("        if self.late and self.inside:  ", "        if False and self.inside:  ", "what catches the alarm goes on until the parent has enough", f"{SESSION}::test_what_catches_the_alarm_ends_by_itself"),
    student("            self.privilege(self.resource.setrlimit,", "            (lambda *_: None)(self.resource.setrlimit,", "a loop outlives its parent", f"{SESSION}::test_nobody_stays_behind"),
    student("            go(LATE)\n", "            self.late = False\n", "an alarm that is caught is all there is", f"{SESSION}::test_what_catches_the_alarm_ends_by_itself"),
    walls("        os.setuid(NOBODY)\n", "", "root stays root", f"{SESSION}::test_root_becomes_nobody_where_nobody_can_read_the_library"),
    # the messages
    student("            if type(n) is not int or n < 0:", "            if type(n) is not int:", "an offset below 0 reads other memory", FORGED),
    student("        if offset + size > len(data):", "        if offset > len(data):", "an array behind the end is read", FORGED, "NumPy refuses it too"),
    student("dtype := dtype_of(dtype)).kind not in \"fiub\"", "dtype := dtype_of(dtype)).kind in \"O\"", "text is an array of numbers", FORGED),
    student("    if info.file_size > most:  ", "    if False:  ", "a message may unfold", f"{SESSION}::test_a_message_that_grows_when_it_is_read_is_not_read"),
    student("            return sent[kind[\"array\"]].copy()", "            return sent[kind[\"array\"]]", "arguments cannot be written", f"{SESSION}::test_each_call_has_arrays_of_its_own"),
    student("    return None if same and arg.tobytes() == before.tobytes() else arg", "    return None if same else arg", "a changed argument is not seen", f"{SESSION}::test_each_call_has_arrays_of_its_own"),
    student("            dict.clear(show)\n", "            pass\n", "what was shown before is shown again", f"{SESSION}::test_what_goes_in_comes_out"),
    student("                caches.pop(i, None)\n", "                pass\n", "what failed leaves a cache", f"{SESSION}::test_a_value_that_is_refused_leaves_no_cache"),
    student("                number = at.tb_lineno\n", "                number = number or at.tb_lineno\n", "the line is that of the first function", LINES),
    student("at.tb_frame.f_code.co_filename == file", "True", "the line is NumPy's", LINES),
    student("        if arrays.size + size > MOST:", "        if size > 1e99:", "a terabyte is answered", f"{HOSTILE}[huge_array]"),
    # the parent
    session("\"-I\", \"-S\", ", "", "the child has the parent's path", f"{SESSION}::test_what_it_imports"),
    session("env=environment, ", "", "the child has the parent's environment", WALLS),
    session("                raise ValueError(\"not as many results as calls\")", "                pass", "too few results are some", f"{SESSION}::test_an_answer_that_makes_no_sense"),
    session("        if header.get(\"late\"):\n            self.close()\n", "", "after its time a process goes on", f"{SESSION}::test_what_was_right_before_the_time_was_up_stays"),
    session("            self.problem = str(ended)\n", "", "a file that cannot be loaded is loaded again and again", f"{SESSION}::test_a_file_that_cannot_be_loaded"),
    session("                        if size > 2 * student.MOST:", "                        if False:", "an answer without an end is read", f"{SESSION}::test_an_answer_without_an_end"),
    session("            scratch.gone(self.folder, self.held)\n", "            pass\n", "folders stay", f"{HOSTILE}[os_exit]"),
    scratch("    shutil.rmtree(folder, ignore_errors=True)\n    os.close(held)\n", "    shutil.rmtree(folder, ignore_errors=True)\n", "a file stays open for each session"),
    scratch("    shutil.rmtree(folder, ignore_errors=True)\n    os.close(held)\n", "    os.rmdir(folder)\n    os.close(held)\n", "a folder with files in it stays"),
    scratch("        with suppress(FileNotFoundError):  ", "        with suppress(BlockingIOError):  ", "a folder that another has removed ends the grading"),
    scratch("            if lock(held) is not False and os.path.isdir(folder):", "            if os.path.isdir(folder):", "a folder that is being removed is used"),
    scratch("            if lock(held) is not False and os.path.isdir(folder):", "            if lock(held) is not False:", "a folder that is gone is used"),
    scratch("                return folder, held\n            os.close(held)\n", "                return folder, held\n", "a file stays open for each folder that is not used"),
    scratch('.glob(f"{PREFIX}*")', '.glob("tinydmn-*")', "other folders are removed"),
    scratch(" | os.O_NOFOLLOW)", ")", "the lock is taken of what a link leads to", harmless="rmtree takes no link"),
    scratch(" | os.O_DIRECTORY", "", "a file is taken for a folder", harmless="rmtree takes no file"),
    scratch("            if lock(held):\n", "            if True:\n", "a living grader's folders are removed"),
    scratch("            if lock(held):\n", "            if lock(held) is not False:\n", "without locks a living grader's folders are removed"),
    scratch("                shutil.rmtree(folder, ignore_errors=True)\n            os.close(held)\n", "                os.rmdir(folder)\n            os.close(held)\n", "a killed grader's folder with files in it stays"),
    scratch("fcntl.LOCK_EX | fcntl.LOCK_NB", "fcntl.LOCK_SH | fcntl.LOCK_NB", "two hold the same folder"),
    scratch("    except OSError:\n        return None\n", "", "no file is run where the file system knows no locks"),
    grade("    remove_left()\n", "", "folders of killed graders stay for ever", f"{SCRATCH}"),
    session("            for fd in (self.reader, self.writer):", "            for fd in (self.reader,):", "descriptors stay open", f"{HOSTILE}[os_exit]"),
    session("        if isinstance(arg, (np.ndarray, np.generic)):", "        if isinstance(arg, (np.ndarray,)):", "a number of NumPy's cannot be sent", f"{SESSION}::test_what_goes_in_comes_out"),
    # points
    grade("getattr(finding, \"hidden\", \"\") or ", "finding.text or ", "numbers of hidden cases are said", f"{GRADE}::test_no_number_of_a_hidden_case_is_said"),
    grade("[self.seed, i, case]", "[self.seed, i]", "every case is the same", f"{GRADE}::test_several_cases_are_asked_and_they_differ"),
    grade("            self.left -= monotonic() - began\n", "            pass\n", "every run of a part has all its time", f"{GRADE}::test_a_part_has_so_much_time_in_all"),
    grade("            self.session.seconds = self.seconds\n", "            pass\n", "a slow part takes the next one's time", f"{GRADE}::test_a_part_has_so_much_time_in_all"),
    grade("        except Exception as error:               # one", "        except KeyError as error:               # one", "one file ends the class's grading", f"{GRADE}::test_a_check_that_fails_is_no_fault_of_the_students"),
    grade("about.encode() + b\"\\0\" + content", "about.encode()", "what is handed in again is not graded again", f"{GRADE}::test_a_class_goes_on_where_it_was_stopped"),
    grade(" or found[\"failed\"]:", ":", "what could not be graded never is", f"{GRADE}::test_what_could_not_be_graded_is_graded_again"),
    grade("            session.stop()\n", "            pass\n", "an interrupted class waits for its children", f"{GRADE}::test_an_interrupted_class_leaves_no_process_and_does_not_wait"),
    grade("    return {name: reports[name] for name in paths}", "    return reports", "a class comes in the order in which it was ready", f"{GRADE}::test_side_by_side_is_one_after_the_other"),
    formats("        return {\"gradable\": False, \"message\": summary(report)}", "        return {\"gradable\": True, \"score\": 0.0, \"tests\": []}", "a file that cannot be loaded costs an attempt"),
    formats("report.points / report.most if report.most else 0.0", "report.points", "PrairieLearn's score is above 1"),
    formats("(\"=\", \"+\", \"-\", \"@\", \"\\t\", \"\\r\")", "(\"=\",)", "a message is a formula"),
    formats("[:room]", "", "a long message is more than PrairieLearn reads"),
    Mutant("tinydmn/course/autograder.py", "|| echo '@FAILED@' >", "&& echo '@FAILED@' >", f"{GRADE}::test_the_archive_installs_and_grades_without_a_network", "what fails leaves no results"),
    Mutant("tinydmn/course/autograder.py", "0o755 if program", "0o644 if program", f"{GRADE}::test_the_archive_installs_and_grades_without_a_network", "run_autograder cannot be run"),
]
