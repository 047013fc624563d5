"""Mistakes in the page: what it is told, who may ask it, what a file of it holds, and the page itself (planted where there is a Chromium to see them)."""

from ..browser import CHROMIUM
from . import Mutant

PLAY = "tests/test_play.py"
SAYS = f"{PLAY}::test_it_says_what_ask_says"
HOST = f"{PLAY}::test_only_this_host_is_answered"
TOKEN = f"{PLAY}::test_only_our_page_may_ask"
REQUEST = f"{PLAY}::test_what_is_no_request_is_refused_in_one_line"
MISTAKES = f"{PLAY}::test_mistakes_of_the_user_are_one_line"
FILE = f"{PLAY}::test_a_file_holds_what_the_networks_say"
CHOICES = f"{PLAY}::test_which_choices_a_file_holds"
PERSON = f"{PLAY}::test_a_person_tells_and_asks"
LONG = f"{PLAY}::test_long_facts_and_names_are_seen_whole"
MARKUP = f"{PLAY}::test_a_fact_of_every_kind_comes_back_as_a_text"


def mutant(file, old, new, what, tests):
    return Mutant(f"tinydmn/play/{file}", old, new, tests, what)


MUTANTS = [
    mutant("replies.py", "if fact and i not in left_out]", "if fact]", "facts that are left out are read", SAYS),
    mutant("replies.py", "if fact and i not in left_out]", "if i not in left_out]", "an empty fact is one",
           f"{PLAY}::test_facts_that_are_left_out_are_not_there"),
    mutant("replies.py", "facts=[[of[i] for i in kept]]", "facts=[of]", "words that are left out are read",
           f"{PLAY}::test_a_text_is_judged_as_ask_judges_it {PLAY}::test_words_are_tagged_as_ask_tags_them"),
    mutant("replies.py", "for i, fact in zip(kept, typed.facts)", "for i, fact in enumerate(typed.facts)", "a left-out fact shifts the rows", SAYS),
    mutant("replies.py", "\"networks\": [_answer(*pair, kept) for pair in zip(networks, typed)]}", "\"networks\": [_answer(networks[0], one, kept) for one in typed]}",
           "the second network says what the first does", f"{PLAY}::test_two_networks_each_say_their_own"),
    mutant("replies.py", "out.gates[:, t, :t + 1].tolist()", "out.gates[:, t, :t].tolist()", "a word does not look at itself", f"{PLAY}::test_words_are_tagged_as_ask_tags_them"),
    mutant("replies.py", "[int(i) for i in question.support]}", "[int(i) + 1 for i in question.support]}", "the fact after the supporting one is marked",
           f"{PLAY}::test_a_drawn_story_is_one_of_the_task"),
    mutant("replies.py", "story.facts[:question.n_facts]", "story.facts[:]", "facts after the question are told", f"{PLAY}::test_what_may_be_drawn_is_what_the_run_learnt"),
    mutant("replies.py", "type(i) is int and 0 <= i < n", "0 <= i <= n", "a fact that is not there may be left out", f"{PLAY}::test_what_cannot_be_asked_is_one_line"),
    mutant("replies.py", "if not tasks <= set(GENERATED):", "if not tasks:", "a run of no task breaks the page", f"{PLAY}::test_what_may_be_drawn_is_what_the_run_learnt"),
    mutant("replies.py", "if len({network.kind for network in networks}) > 1:", "if False:", "a tagger beside a network that answers", MISTAKES),
    mutant("server.py", "if self.headers.get(\"Host\") not in {f\"{name}:{self.server.server_port}\" for name in NAMES}:", "if False:", "any name may point here", HOST),
    mutant("server.py", "ours = origin in (None, f\"http://{self.headers['Host']}\")", "ours = True", "pages of other sites may ask", TOKEN),
    mutant("server.py", "return ours and compare_digest(token.encode(), self.server.token.encode())", "return ours", "no token is needed", TOKEN),
    mutant("server.py", "super().__init__((HOST, port), Handler)", "super().__init__((\"\", port), Handler)", "served to the whole network", f"{PLAY}::test_the_page_and_a_reply"),
    mutant("server.py", "(\"Content-Security-Policy\", policy(\"'self'\")),", "", "a page without a policy", f"{PLAY}::test_the_page_and_a_reply"),
    mutant("server.py", "if int(length) > LARGEST:", "if False:", "a request of any length", REQUEST),
    mutant("server.py", "except (ValueError, RecursionError):", "except ValueError:", "deep JSON ends the connection", REQUEST),
    mutant("server.py", "        except Exception as error:\n", "        except MemoryError as error:\n", "a network that fails ends the connection",
           f"{PLAY}::test_a_network_that_fails_does_not_end_the_server"),
    mutant("server.py", "if not isinstance(sys.exception(), OSError):", "if True:", "a traceback for each browser that leaves", f"{PLAY}::test_somebody_who_hangs_up_is_no_error"),
    mutant("server.py", "        except OSError as error:\n", "        except ConnectionError as error:\n", "a traceback for a port that is taken", MISTAKES),
    mutant("page.py", ".translate(UNSAFE)", "", "a fact ends the script", MARKUP),
    mutant("export.py", "        left_out = [i for i in range(len(whole[\"kept\"])) if i not in kept]", "        left_out = [i for i in range(len(whole[\"kept\"])) if i in kept]",
           "the facts that stay are left out", FILE),
    mutant("export.py", "np.random.default_rng(seed)", "np.random.default_rng(0)", "--seed does nothing", FILE),
    mutant("export.py", "[set(range(k)) for k in range(1, n)]", "[set(range(k, n)) for k in range(1, n)]", "ends of a story for its beginnings", CHOICES),
    Mutant("tinydmn/cli/play.py", "        check_place(args.export, args.overwrite)\n", "", f"{PLAY}::test_a_file_is_not_overwritten_unless_asked", "a file is overwritten"),
    Mutant("tinydmn/cli/play.py", "        except KeyboardInterrupt:\n", "        except EOFError:\n", f"{PLAY}::test_ctrl_c_ends_it", "Ctrl-C is an error"),
    mutant("page.html", "made.append(...children);                    // a string becomes a text node", "made.innerHTML += children.map(c => c.outerHTML || c).join(\"\");",
           "texts are markup", f"{PLAY}::test_the_page_makes_no_markup_of_data_and_asks_nobody"),
]
if CHROMIUM:
    MUTANTS += [
        mutant("page.html", "rows.flatMap((row, i) => row.on ? [] : [i])", "rows.flatMap((row, i) => row.on ? [i] : [])", "the page leaves out what is checked", PERSON),
        mutant("page.html", "return found.map(pass => pass[row.place]);", "return found.map(pass => pass[i]);", "weights beside the wrong facts", PERSON),
        mutant("page.html", "[rows[i], rows[j]] = [rows[j], rows[i]];", "", "a fact cannot be moved", PERSON),
        mutant("page.html", "  fit();\n  show();\n", "  show();\n", "long facts are cut", LONG),
        mutant("page.html", "label.scrollHeight + 2);", "label.scrollHeight);", "facts are cut by their border", LONG),
        mutant("page.html", "  window.addEventListener(\"resize\", fit);\n", "", "facts are cut where the window is made narrow", LONG),
        mutant("page.html", "at.value = at.value.replace(", "at.value.replace(", "a fact may hold ends of lines", LONG),
        mutant("page.html", "  return !lines || label", "  return true || label", "the cursor leaves a fact from its midst", LONG),
        mutant("page.html", "`${net.name}: ${net.about}`", "net.about", "nobody knows which network is which file", LONG),
        mutant("page.html", "const at = Math.min(Math.max(weight, 0), 1)", "const at = Math.min(Math.max(1 - weight, 0), 1)", "darker is less",
               f"{PLAY}::test_it_fits_a_narrow_window_and_a_wide_one"),
    ]
