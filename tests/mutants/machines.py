"""Mistakes that show on other machines than ours: streams that lack letters, names, folders, fonts, variables of the environment."""

from . import Mutant

MACHINES, FONTS, BENCH, TEXT, PROGRESS = "tests/test_machines.py", "tests/test_letters.py", "tests/test_bench.py", "tests/data/test_text.py", "tests/test_progress.py"
LETTERS, SETTLED, TYPED, CLOSED, FULL, KINDS, FILE, FOLDER = (f"{MACHINES}::test_{name}" for name in (
    "any_letter_in_and_out", "streams_that_are_settled", "lines_that_were_typed", "a_stream_that_was_closed", "no_room_for_the_output_is_one_line",
    "what_lies_there_is_called_what_it_is", "a_file_in_place_of_a_folder", "a_folder_in_place_of_a_file"))


def streams(old, new, what, tests=SETTLED):
    return Mutant("tinydmn/streams.py", old, new, tests, what)


def main(old, new, what, tests=FULL):
    return Mutant("tinydmn/__main__.py", old, new, tests, what)


def errors(old, new, what, tests=KINDS):
    return Mutant("tinydmn/errors.py", old, new, tests, what)


def drawing(old, new, what, *tests):
    return Mutant("tinydmn/plots/drawing.py", old, new, " ".join(f"{FONTS}::{name}" for name in tests), what)


MUTANTS = [
    # streams
    streams("            stream.reconfigure(errors=\"tinydmn\")", "            pass", "a letter that a stream lacks is a traceback"),
    streams("(SIGNS.get(c, \"?\") for", "(\"?\" for", "our signs are question marks"),
    streams("\"\".join(SIGNS.get(c, \"?\") for c in error.object[error.start:error.end])", "\"?\"", "a whole word is one question mark"),
    streams("    if not isinstance(error, UnicodeEncodeError):\n        raise error\n", "", "bytes that are no text become signs", f"{MACHINES}::test_bytes_of_an_unreadable_kind_are_no_matter_of_settle"),
    streams("        if stream is None:  ", "        if False:  ", "a stream that was closed is a traceback", CLOSED),
    streams("enumerate(getattr(stream, \"buffer\", stream), 1)", "enumerate(stream, 1)", "what is typed is read in the machine's encoding", LETTERS),
    streams("line.removeprefix(\"\\ufeff\") if number == 1 else line", "line", "a byte order mark is a letter of the first word", TYPED),
    streams(" if number == 1 else line)", ")", "a mark inside a text is lost", TYPED),
    streams(".rstrip(\"\\r\\n\")", ".rstrip(\"\\n\")", "a line keeps half of its end", TYPED),
    streams("line = line.decode()", "line = line.decode(errors=\"replace\")", "bytes that are not UTF-8 are unknown words", TYPED),
    streams("at_line(\"standard input\", number,", "at_line(\"standard input\", number - 1,", "the line before is named", TYPED),
    main("        settle()  ", "        pass  ", "no stream is settled", LETTERS),
    main("        if error.errno not in FULL or error.filename:", "        if True:", "a full disk is a traceback"),
    main("        _forget(sys.stdout)\n", "        pass\n", "what has no room is tried again at the end"),
    Mutant("tinydmn/cli/__init__.py", "        print(message or \"\", end=\"\", file=file or sys.stderr)\n", "        super()._print_message(message, file)\n", FULL, "help without room ends well"),
    Mutant("tinydmn/cli/ask.py", "task.typed(typed_lines(), about,", "task.typed(sys.stdin, about,", LETTERS, "stories are read in the machine's encoding"),
    Mutant("tinydmn/bench/compare.py", "env=os.environ | {\"PYTHONIOENCODING\": \"utf-8\"}", "env=None", f"{MACHINES}::test_workers_speak_utf_8_whatever_the_machine_speaks",
           "a worker speaks the machine's encoding"),
    Mutant("lessons/common.py", "    settle()\n", "", f"{MACHINES}::test_lessons_print_on_any_stream", "a lesson's letters are a traceback"),
    Mutant("tinydmn/training/progress.py", "disable=not self.live,", "disable=not self.live, ascii=False,", f"{PROGRESS}::test_the_bar_has_letters_of_its_terminal", "a bar of blocks where there are none"),

    # names and folders
    errors("    except (FileNotFoundError, NotADirectoryError):\n        return None\n", "", "what is not there cannot be read"),
    errors("        if error.errno == errno.ENAMETOOLONG:\n            return None\n", "", "a name that is too long is not called missing"),
    errors("\"folder\" if stat.S_ISDIR(os.stat(path).st_mode) else \"file\"", "\"folder\"", "a file is a folder"),
    errors("    except ValueError:  ", "    except ZeroDivisionError:  ", "a name that cannot be is a traceback", TEXT),
    errors("\"no such folder\" if kind is None else f\"is a {kind}, not a folder\"", "\"no such folder\"", "a file is called missing"),
    Mutant("tinydmn/data/sst.py", "    check_folder(folder, \"give", "    str(\"give", TEXT, "a file is called a folder without trees"),
    Mutant("tinydmn/data/text.py", "    if kind_of(path) == \"folder\":  ", "    if False:  ", FOLDER, "a folder is a file that cannot be read"),
    Mutant("tinydmn/training/tables.py", "        if table != 3 or not kind_of(folder):", "        if not kind_of(folder):", FILE,
           "a table's runs fail one by one"),
    Mutant("tinydmn/training/checkpoint.py", "    if (kind := kind_of(path)) == \"folder\":", "    if (kind := kind_of(path)) is True:", FOLDER, "a folder is a broken checkpoint"),
    Mutant("tinydmn/cli/table.py", "\"is a folder, not a file\" if kind else \"no such file\"", "\"no such file\"", FOLDER, "a folder is called missing"),

    # variables of the environment
    Mutant("tinydmn/cli/__init__.py", "        threads.count()  ", "        pass  ", f"{MACHINES}::test_a_wrong_number_of_threads_is_said_before_the_work",
           "a wrong number of threads is found after the work"),
    Mutant("tinydmn/cli/info.py", "\"cache\": None if problem else str(cache_folder())", "\"cache\": str(cache_folder())", f"{BENCH}::test_info_where_kernels_cannot_be_kept", "info says kernels are kept where they are not"),
    Mutant("tinydmn/cli/info.py", "problem and not_kept(problem)", "problem", f"{BENCH}::test_info_where_kernels_cannot_be_kept", "info does not say what to do"),
    Mutant("tinydmn/training/progress.py", "except ValueError as error:  ", "except ZeroDivisionError as error:  ", f"{MACHINES}::test_a_variable_that_a_library_refuses_is_one_line",
           "a variable of tqdm's is a traceback"),
    Mutant("tinydmn/plots/loading.py", "except ValueError as error:", "except ZeroDivisionError as error:", f"{MACHINES}::test_a_variable_that_a_library_refuses_is_one_line",
           "a variable of Matplotlib's is a traceback"),
    Mutant("tinydmn/ops/compiled.py", "    notice(\"numba\", str(warning.message).strip().splitlines()[0])", "    notice(\"numba\", str(warning.message))",
           f"{MACHINES}::test_numba_says_one_line_of_a_variable_it_cannot_read", "a traceback of Numba's in a warning"),

    # pictures
    Mutant("tinydmn/plots/loading.py", "    log.setLevel(logging.ERROR)", "    pass", f"{MACHINES}::test_pictures_without_a_folder_for_settings", "Matplotlib tells where it keeps its settings"),
    Mutant("tinydmn/plots/loading.py", "        log.setLevel(level)", "        pass", f"{MACHINES}::test_matplotlib_is_heard_again_afterwards", "Matplotlib is never heard again"),
    Mutant("tinydmn/plots/loading.py", "except OSError as error:", "except ZeroDivisionError as error:", f"{MACHINES}::test_pictures_without_a_folder_for_settings",
           "no folder for Matplotlib is a traceback"),
    Mutant("tinydmn/cli/common.py", "        from .. import plots  ", "        pass  ", f"{MACHINES}::test_pictures_without_a_folder_for_settings", "it is found after the work that nothing can be drawn"),
    drawing("            if missing:\n", "            if False:\n", "boxes without a word", "test_what_is_said_of_letters_that_no_font_has"),
    drawing("\" \".join(sorted(missing)[:8])", "\" \".join(sorted(missing))", "a line as long as the alphabet", "test_what_is_said_of_letters_that_no_font_has"),
    drawing(" if c.isprintable()}", "}", "a letter that nobody sees is missed", "test_what_is_said_of_letters_that_no_font_has"),
    drawing("    for fonts in (lambda: font_manager.fontManager.ttflist, _new_fonts):", "    for fonts in (lambda: font_manager.fontManager.ttflist,):", "a font that was just installed is not taken",
            "test_a_font_that_was_installed_meanwhile_is_taken"),
    drawing("        with contextlib.suppress(Exception):\n            manager", "        if True:\n            manager", "a broken font among the new ones is a traceback",
            "test_a_font_that_was_installed_meanwhile_is_taken"),
    errors("    if about not in _noticed and sys.stderr:", "    if sys.stderr:", "a line for each picture", f"{MACHINES}::test_a_line_is_said_once_a_process"),
    errors("and sys.stderr:", "and True:", "a line among the output", f"{MACHINES}::test_a_line_is_said_once_a_process"),
]
