"""`play`: the page says what `ask` says, of the facts that are left in; nobody else may ask it; and every text on it stays a text."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from threading import Thread
from time import sleep

import numpy as np
import pytest

from tinydmn.cli import main
from tinydmn.data.generator import generate
from tinydmn.data.sst import sentiment_question
from tinydmn.data.story import Question, Story
from tinydmn.play import replies
from tinydmn.play.export import MOST, choices, exported
from tinydmn.play.page import page, policy
from tinydmn.play.replies import Network, described, open_networks, respond
from tinydmn.play.server import LARGEST, Server
from tinydmn.tasks import about_given, about_run
from tinydmn.training import checkpoint, loop
from tinydmn.training.material import batch_of

from .browser import CHROMIUM, Browser
from .test_ask import ABOUT, ASKED, TOLD, network, story, tagger

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "tinydmn/play/page.html").read_text(encoding="utf-8")
REQUEST = {"facts": TOLD, "question": ASKED[0]}
EVIL = """<script>document.title = "bad"</script> "Mary" & 'John' <img src=x onerror=alert(1)> </textarea>"""


def net(model, task_set="babi", name="a", **about):
    kind = {"babi": "story", "sst": "text", "pos": "tags"}[task_set]
    return Network(name, model, about_run(task_set, None, 0, **ABOUT[task_set]) | about, kind)


def judge(**switches):
    question = sentiment_question(0, "fine").tokens
    texts = [Story([["a", "good", "film", "bad"]], [Question(question, [answer], 1)]) for answer in ("negative", "positive", "neutral")]
    return network(texts, seed=2, **{"facts": "words", "episode": "gated", "bidirectional": "yes"} | switches)


def asked(capsys, monkeypatch, tmp_path, one, typed, task_set="babi"):
    """What `ask --json` prints for what is typed."""
    path = tmp_path / "asked.npz"
    checkpoint.save(path, one.model, loop.start(one.model, 0), about_run(task_set, None, 0, **ABOUT[task_set]))
    (tmp_path / "typed.txt").write_text(typed, encoding="utf-8")
    capsys.readouterr()
    with open(tmp_path / "typed.txt", encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdin", file)
        assert main(["ask", str(path), "--backend", "numpy", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def one():
    return net(network([story()], seed=3))


# ---- what is said

@pytest.mark.parametrize("switches", [{}, {"episode": "gated"}, {"facts": "both"}, {"stop": "yes", "seed": 5}, {"passes": 0}, {"bidirectional": "yes"}])
@pytest.mark.parametrize("left_out", [[], [2], [0, 3]])
def test_it_says_what_ask_says(capsys, monkeypatch, tmp_path, switches, left_out):
    """Of the facts that are left in, in their order; the probabilities and the attention too."""
    one = net(network([story()], **{"seed": 3} | switches))
    kept = [i for i in range(4) if i not in left_out]
    said = respond([one], REQUEST | {"left_out": left_out})
    found = asked(capsys, monkeypatch, tmp_path, one, "\n".join([*(TOLD[i] for i in kept), ASKED[0], ""]))
    answer, = said["networks"]
    assert said["kept"] == kept and answer["positions"] == found["facts"]
    assert answer["attention"] == found["gates"] and (answer["answer"], answer["probability"]) == (found["answer"], found["probability"])
    assert dict(answer["others"]) == found["others"] and len(answer["others"]) == 3
    of_fact = [i for i in kept for _ in (range(len(TOLD[i].split()) + 1) if switches.get("facts") == "both" else [0])]
    assert answer["of"] == of_fact and all(len(row) == len(of_fact) + 1 for row in answer["attention"])
    if switches.get("episode") != "gated" and answer["attention"]:
        np.testing.assert_allclose(np.sum(answer["attention"], axis=1), 1, rtol=1e-5)      # as the gates do: a softmax
    assert json.loads(json.dumps(said)) == json.loads(json.dumps(said, allow_nan=False))


def test_facts_that_are_left_out_are_not_there(one):
    """Other texts in their place change nothing; empty facts are no facts."""
    said = respond([one], REQUEST | {"left_out": [1]})
    assert respond([one], {"facts": [TOLD[0], "Sandra took mary", *TOLD[2:]], "question": ASKED[0], "left_out": [1]}) == said
    blank = respond([one], {"facts": [TOLD[0], " \t", *TOLD[2:], ""], "question": ASKED[0], "left_out": []})
    assert blank == said and blank["kept"] == [0, 2, 3]
    assert said["networks"][0]["attention"] != respond([one], REQUEST)["networks"][0]["attention"]


def test_the_order_counts(one):
    turned = respond([one], {"facts": TOLD[::-1], "question": ASKED[0]})["networks"][0]
    assert turned["positions"] == TOLD[::-1]
    assert turned["attention"] == one.model.ask(TOLD[::-1], ASKED[0]).attention.tolist() != respond([one], REQUEST)["networks"][0]["attention"]


def test_two_networks_each_say_their_own():
    both = [net(network([story()], seed=3), name="a"), net(network([story()], seed=4, passes=1, episode="gated"), name="b")]
    said = respond(both, REQUEST)["networks"]
    assert said == [respond([one], REQUEST)["networks"][0] for one in both] and said[0]["attention"] != said[1]["attention"]
    assert [len(of["attention"]) for of in said] == [3, 1]
    assert [of["passes"] for of in described(both)["networks"]] == [3, 1]


def test_a_question_needs_no_mark_and_unknown_words_are_named(one):
    assert respond([one], REQUEST | {"question": " Where  is Mary"}) == respond([one], REQUEST)
    said, = respond([one], {"facts": ["Mary went to the zoo."], "question": "Where is Bill?"})["networks"]
    assert said["unknown_words"] == ["zoo", "bill"]


def test_a_text_is_judged_as_ask_judges_it(capsys, monkeypatch, tmp_path):
    for facts in ("words", "both", "sentences"):
        one = net(judge(facts=facts), "sst")
        said = respond([one], {"text": "a good bad  zorgy film", "left_out": [2]})
        found = asked(capsys, monkeypatch, tmp_path, one, "a good zorgy film\n", "sst")
        answer, = said["networks"]
        assert said["words"] == ["a", "good", "bad", "zorgy", "film"] and said["kept"] == [0, 1, 3, 4]
        assert (answer["answer"], answer["probability"], answer["attention"]) == (found["answer"], found["probability"], found["gates"])
        assert answer["positions"] == found["facts"] and answer["unknown_words"] == ["zorgy"]
        assert answer["of"] == {"words": [0, 1, 3, 4], "both": [0, 1, 3, 4, None], "sentences": [None]}[facts]


def test_words_are_tagged_as_ask_tags_them(capsys, monkeypatch, tmp_path):
    one = net(tagger(), "pos")
    said = respond([one], {"text": "She ran zorgy fast", "left_out": [1]})
    found = asked(capsys, monkeypatch, tmp_path, one, "She zorgy fast\n", "pos")
    answer, = said["networks"]
    assert said["words"] == ["She", "ran", "zorgy", "fast"] and said["kept"] == answer["of"] == [0, 2, 3]
    assert [best[0][0] for best in answer["tags"]] == found["tags"]
    np.testing.assert_allclose([best[0][1] for best in answer["tags"]], found["probabilities"], rtol=1e-9)
    words = ["She", "zorgy", "fast"]
    gates = one.model.forward(batch_of([Story([words], [Question(["tags"], [], 1)])], one.model.vocabulary, one.model.config)).gates
    assert [np.shape(of) for of in answer["attention"]] == [(1, 1), (1, 2), (1, 3)]
    assert answer["attention"] == [gates[:, t, :t + 1].tolist() for t in range(3)]
    bare = net(network([Story([["She", "ran"]], [Question(["tags"], ["A", "B"], 1)])], answer="tags", facts="words", episode="gated", passes=0), "pos")
    assert respond([bare], {"text": "She ran"})["networks"][0]["attention"] == [[], []]


@pytest.mark.parametrize("request_, says", [
    ({"facts": [], "question": "Where?"}, "the story is empty; tell a fact"), ({"facts": ["", " "], "question": "Where?"}, "the story is empty"),
    (REQUEST | {"left_out": [0, 1, 2, 3]}, "every fact is left out"), (REQUEST | {"question": "  "}, "the question is empty"),
    (REQUEST | {"question": " ? "}, "a question without words"), (REQUEST | {"facts": [TOLD[0], "..."]}, "a fact without words"),
    (REQUEST | {"facts": [TOLD[0], "Who sat?"]}, "fact 2 is a question"), (REQUEST | {"facts": ["Who? She.", TOLD[0]]}, "end a question with its mark"),
    (REQUEST | {"facts": ["1 Mary sat.", "2 John sat.", "1 Mary ran."]}, "leave the numbers out"), (REQUEST | {"left_out": [4]}, "numbers of facts"),
    (REQUEST | {"left_out": [True]}, "numbers of facts"), (REQUEST | {"left_out": "0"}, "numbers of facts"), (REQUEST | {"facts": "Mary"}, "facts are no list"),
    (REQUEST | {"facts": [3]}, "fact 1 is no text"), ({"facts": TOLD}, "the question is no text"), ([], "a JSON object"), ("Mary", "a JSON object"), ({}, "no list"),
    (REQUEST | {"question": "w" * 2001}, "the question has 2,001 letters; give 2,000 at most"), (REQUEST | {"facts": ["Mary sat."] * 301}, "301 facts; give 300 at most"),
    ({"draw": "task 99", "seed": 1}, "choose among those that are offered"), ({"draw": "task 1", "seed": -1}, "a whole number"), ({"draw": "task 1"}, "a whole number"),
    ({"draw": ["x"], "seed": 1}, "choose among those")])
def test_what_cannot_be_asked_is_one_line(one, request_, says):
    said = respond([one], request_)
    assert list(said) == ["error"] and says in said["error"] and "\n" not in said["error"]


def test_what_cannot_be_judged_is_one_line():
    one = net(judge(), "sst")
    for request, says in (({"text": " "}, "the text is empty"), ({"text": "good film", "left_out": [0, 1]}, "every word is left out"), ({}, "the text is no text"),
                          ({"text": "w " * 201}, "201 words; give 200 at most"), ({"text": "good", "left_out": [1]}, "numbers of facts, or of words")):
        assert says in respond([one], request)["error"]
    other = net(judge(), "sst", given=True)                # of texts of one's own: knows no word when it parts them
    more = [Network("b", network([Story([["can't", "good"]], [Question(["what"], [a], 1)]) for a in "xy"], facts="words", episode="gated"), one.about, "text"), other]
    assert "part this text into other words" in respond(more, {"text": "I can't"})["error"]


def test_a_fact_of_every_kind_comes_back_as_a_text(one):
    said = respond([one], {"facts": [EVIL.replace("?", ""), TOLD[0]], "question": ASKED[0]})
    assert said["networks"][0]["positions"][0] == EVIL and "<script>document.title" in said["networks"][0]["unknown_words"]
    html = page(described([one]) | {"stored": [{"text": EVIL + "\u2028"}]})
    assert EVIL[:8] not in html.split('id="data">')[1].split("</script>")[0] and html.count("</script>") == 2
    data = re.search(r'id="data">(.*?)</script>', html, re.S)[1]
    assert json.loads(data)["stored"][0]["text"] == EVIL + "\u2028" and "\u2028" not in data


def test_the_page_makes_no_markup_of_data_and_asks_nobody():
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function|\.src\b|import\(", PAGE)
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\(", PAGE)
    assert PAGE.count("fetch(") == 1 and 'fetch("/reply"' in PAGE and "default-src 'none'" in policy() and "connect-src 'none'" in policy()
    assert max(map(len, PAGE.splitlines())) <= 100


# ---- stories to begin with

def test_a_drawn_story_is_one_of_the_task(one):
    drawn = respond([one], {"draw": "task 1", "seed": 7})
    made, = generate(1, 1, np.random.default_rng(7))
    question = made.questions[-1]
    assert [fact.rstrip(".").lower().split() for fact in drawn["facts"]] == made.facts[:question.n_facts]
    assert (drawn["question"], drawn["right"], drawn["support"]) == (f"Where is {question.tokens[2].capitalize()}?", question.answer[0], question.support)
    assert respond([one], {"draw": "task 1", "seed": 8}) != drawn and all(fact[0].isupper() for fact in drawn["facts"])


def test_what_may_be_drawn_is_what_the_run_learnt(tmp_path):
    model = network([story()])
    values = lambda *networks: [one["value"] for one in described([*networks])["draws"]]
    assert values(net(model, task=2)) == ["task 2"] and values(net(model, task=3), net(model, task=1)) == ["task 1", "task 3"]
    given = Network("a", model, about_given("babi", 0), "story")
    assert values(given) == [f"task {n}" for n in range(1, 21)]
    file = tmp_path / "mine.txt"
    file.write_text("".join(f"1 Eva went to room{i}.\n2 Where is Eva?\troom{i}\t1\n3 Eva left.\n" for i in range(20)))
    own = Network("a", model, about_run("babi", None, 0, file=file, valid=None), "story")
    assert values(own)[:2] == ["its file", "task 1"]
    drawn = respond([own], {"draw": "its file", "seed": 1})
    assert drawn["facts"] == [f"Eva went to {drawn['right']}."] and drawn["support"] == [0]
    file.unlink()
    assert "mine.txt" in respond([own], {"draw": "its file", "seed": 1})["error"]
    text = respond([net(judge(), "sst")], {"draw": "text", "seed": 1})
    assert text["right"] in ("very-negative", "negative", "neutral", "positive", "very-positive") and text["text"]
    tagged = respond([net(tagger(), "pos")], {"draw": "text", "seed": 1})
    assert len(tagged["right"]) == len(tagged["text"].split())
    assert values(net(judge(), "sst", given=True)) == []


# ---- the server

@pytest.fixture(scope="module")
def server(one):
    with Server([one]) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def send(server, method, path, body=None, **headers):
    """-> status, headers, body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=120)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers or headers.get("host") is None and "host" in headers)
        for name, value in headers.items():
            if value is not None:
                connection.putheader(name.replace("_", "-"), value)
        if body is not None and "Content_Length" not in headers:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        found = connection.getresponse()
        return found.status, found.headers, found.read()
    finally:
        connection.close()


def post(server, request, **headers):
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    status, _, said = send(server, "POST", "/reply", body, **{"X_Token": server.token, "Content_Type": "application/json"} | headers)
    return status, json.loads(said)


def test_the_page_and_a_reply(server, one):
    status, headers, body = send(server, "GET", "/")
    html = body.decode()
    assert status == 200 and server.token in html and headers["Content-Type"] == "text/html; charset=utf-8"
    allowed = headers["Content-Security-Policy"]
    assert "default-src 'none'" in allowed and "connect-src 'self'" in allowed and "'unsafe-inline'" not in allowed.split("style-src")[0]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
    assert post(server, REQUEST) == (200, json.loads(json.dumps(respond([one], REQUEST))))
    assert post(server, REQUEST | {"question": ""}) == (200, {"error": "the question is empty; write one like  Where is Mary?".replace("  ", " ")})
    assert server.server_address[0] == "127.0.0.1" and server.address == f"http://127.0.0.1:{server.server_port}/"


def test_only_this_host_is_answered(server):
    """Another name that was made to point here (DNS rebinding) is none of ours."""
    for host in ("evil.example", f"evil.example:{server.server_port}", "127.0.0.1", f"127.0.0.1.evil.example:{server.server_port}", "localhost:1", ""):
        status, _, said = send(server, "GET", "/", Host=host)
        assert status == 403 and server.token not in said.decode(), host
        assert post(server, REQUEST, Host=host)[0] == 403
    assert send(server, "GET", "/", Host=f"localhost:{server.server_port}")[0] == 200
    assert post(server, REQUEST, Host=f"localhost:{server.server_port}", Origin=f"http://localhost:{server.server_port}")[0] == 200
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=120) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 403 ")


def test_only_our_page_may_ask(server):
    for headers in ({"X_Token": "x"}, {"X_Token": ""}, {"X_Token": "tök"}, {"Origin": "http://evil.example"}, {"Origin": "null"},
                    {"Origin": f"https://127.0.0.1:{server.server_port}"}):
        status, said = post(server, REQUEST, **headers)
        assert status == 403 and "reload it" in said["error"]
    assert post(server, REQUEST, Origin=f"http://127.0.0.1:{server.server_port}")[0] == 200


def test_what_is_no_request_is_refused_in_one_line(server):
    for method, path, status in (("GET", "/reply", 405), ("POST", "/", 405), ("GET", "/etc/passwd", 404), ("GET", "/../setup.cfg", 404), ("PUT", "/reply", 501),
                                 ("GET", "/favicon.ico", 404)):
        found, _, said = send(server, method, path, b"", X_Token=server.token)
        assert found == status and len(json.loads(said)["error"]) > 5 and b"\n" not in said
    for body in (b"{", b"\xff\xfe", b"", b"[" * 100_000):
        assert post(server, body) == (400, {"error": "the request is not JSON"})
    assert post(server, b"", Content_Length=str(LARGEST + 1))[0] == 413 and post(server, b"", Content_Length="-1")[0] == 411
    assert post(server, b"", Content_Length="many")[0] == 411
    assert post(server, b"null")[1]["error"].startswith("a request is a JSON object")
    assert post(server, REQUEST)[0] == 200                 # and it goes on


def test_a_network_that_fails_does_not_end_the_server(server, monkeypatch):
    monkeypatch.setattr("tinydmn.play.server.respond", lambda *_: 1 / 0)
    assert post(server, REQUEST) == (500, {"error": "the network could not answer this (ZeroDivisionError)"})
    monkeypatch.undo()
    assert post(server, REQUEST)[0] == 200


def test_somebody_who_hangs_up_is_no_error(server, capfd):
    for sent in (b"", b"GET / HT", b"POST /reply HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 99\r\n\r\n{" % server.server_port):
        raw = socket.create_connection(("127.0.0.1", server.server_port))
        raw.sendall(sent)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")       # a reset, not a polite end
        raw.close()
    sleep(0.3)
    assert post(server, REQUEST)[0] == 200 and not capfd.readouterr().err


# ---- the command

@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Checkpoints: two that are told stories, one that judges, one that tags."""
    folder = tmp_path_factory.mktemp("play")
    made = {"a": (network([story()], seed=3), "babi"), "b": (network([story()], seed=4, passes=1), "babi"), "sst": (judge(), "sst"), "pos": (tagger(), "pos")}
    for name, (model, task_set) in made.items():
        checkpoint.save(folder / f"{name}.npz", model, loop.start(model, 0), about_run(task_set, None, 0, **ABOUT[task_set]))
    return folder


def test_ctrl_c_ends_it(saved):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "tinydmn", "play", str(saved / "a.npz"), "--no-browser", "--backend", "numpy"]
    process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    try:
        line = process.stdout.readline()
        port = int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/   Ctrl-C ends it\n", line)[1])
        idle = socket.create_connection(("127.0.0.1", port))            # a browser keeps one open
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        connection.request("GET", "/")
        assert connection.getresponse().read().startswith(b"<!doctype html>")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
        idle.close(), connection.close()
    finally:
        process.kill()
    assert (process.returncode, out, err.strip()) == (0, "", "")


def refused(capsys, *words):
    capsys.readouterr()
    try:
        code = main(["play", *map(str, words), "--backend", "numpy"])
    except SystemExit as error:
        code = error.code
    said = capsys.readouterr()
    assert code == 2 and not said.out and said.err.count("\n") == 1, said
    return said.err


def test_mistakes_of_the_user_are_one_line(capsys, monkeypatch, saved, tmp_path):
    monkeypatch.setattr(Server, "serve_forever", lambda *_, **__: pytest.fail("it is served"))
    a = saved / "a.npz"
    assert "no such checkpoint" in refused(capsys, tmp_path / "none.npz") and "no such checkpoint" in refused(capsys, a, tmp_path / "none.npz")
    assert "give two of one kind" in refused(capsys, a, saved / "pos.npz", "--no-browser")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "cannot be used" in refused(capsys, a, "--no-browser", "--port", taken.getsockname()[1])
    assert "out of range" in refused(capsys, a, "--port", 65536)
    assert "a page's name ends in .html" in refused(capsys, a, "--export", tmp_path / "a.txt") and "ends in .html" in refused(capsys, a, "--export", "")
    assert "is a folder, not a checkpoint" in refused(capsys, "", "--no-browser") and "is a folder" in refused(capsys, a, "", "--no-browser")
    assert "leave --port" in refused(capsys, a, "--export", tmp_path / "a.html", "--port", 8000)
    assert "give --export" in refused(capsys, a, "--stories", 3) and "give --export" in refused(capsys, a, "--overwrite")
    given = about_given("sst", 0)
    checkpoint.save(tmp_path / "own.npz", judge(), loop.start(judge(), 0), given)
    assert "no generator" in refused(capsys, tmp_path / "own.npz", "--export", tmp_path / "own.html")
    assert not list(tmp_path.glob("*.html"))


def test_the_names_of_two_networks_differ(saved, tmp_path):
    (tmp_path / "a.npz").write_bytes((saved / "b.npz").read_bytes())
    assert [one.name for one in open_networks([saved / "a.npz", saved / "b.npz"], "numpy")] == ["a", "b"]
    same = [one.name for one in open_networks([saved / "a.npz", tmp_path / "a.npz"], "numpy")]
    assert same == [str(saved / "a.npz"), str(tmp_path / "a.npz")]


# ---- the file

def test_which_choices_a_file_holds():
    assert len(choices(4)) == 15 and set() not in choices(4) and len(choices(8)) == 255 == MOST - 1
    many = [frozenset(kept) for kept in choices(10)]
    assert {frozenset(range(10)) - {i} for i in range(10)} | {frozenset(range(k)) for k in range(1, 10)} <= set(many) and all(many)
    assert frozenset(range(10)) - {2, 7} in many and len(choices(100)) == 199 and len(choices(1)) == 1


def held(path):
    html = Path(path).read_text(encoding="utf-8")
    return html, json.loads(re.search(r'id="data">(.*?)</script>', html, re.S)[1])


def few(n):
    """Choices of facts as in a file, but for most of them."""
    return [set(range(n)) - {0}, {0}, *choices(n)[1::29]]


@pytest.mark.parametrize("names", [["a", "b"], ["sst"], ["pos"]])
def test_a_file_holds_what_the_networks_say(capsys, monkeypatch, saved, tmp_path, names):
    paths, file = [saved / f"{name}.npz" for name in names], tmp_path / "page.html"
    held_choices, n_stories = (choices, 1) if names == ["a", "b"] else (few, 2)
    monkeypatch.setattr("tinydmn.play.export.choices", held_choices)
    assert main(["play", *map(str, paths), "--export", str(file), "--stories", str(n_stories), "--seed", "5", "--backend", "numpy"]) == 0
    assert capsys.readouterr().out.startswith(f"{file}: ")
    html, data = held(file)
    networks = open_networks(paths, "numpy")
    assert len(data["stored"]) == n_stories and "token" not in data and "connect-src 'none'" in html and data["draws"] == []
    for stored in data["stored"]:
        n = len(stored["facts"]) if "facts" in stored else len(stored["text"].split())
        assert set(stored["replies"]) == {"".join("01"[i in kept] for i in range(n)) for kept in held_choices(n)} | {"1" * n}
        for kept in ("1" * n, "0" + "1" * (n - 1), "1" + "0" * (n - 1)):
            said = respond(networks, stored | {"left_out": [i for i in range(n) if kept[i] == "0"]})
            for mine, theirs in zip(stored["replies"][kept]["networks"], said["networks"]):
                assert {**mine, "attention": 0} == json.loads(json.dumps({**theirs, "attention": 0}), parse_float=lambda text: round(float(text), 4))
                for row, other in zip(mine["attention"], theirs["attention"], strict=True):
                    np.testing.assert_allclose(row, other, atol=6e-5)
    if held_choices is few:
        assert exported(networks, 2, 5) == html and exported(networks, 2, 6) != html


def test_a_file_is_not_overwritten_unless_asked(capsys, saved, tmp_path):
    file = tmp_path / "page.html"
    file.write_text("mine")
    words = (saved / "a.npz", "--export", file, "--stories", 1)
    assert "exists already" in refused(capsys, *words) and file.read_text() == "mine"
    assert main(["play", *map(str, words), "--overwrite", "--backend", "numpy"]) == 0 and file.read_text() != "mine"


# ---- in a browser

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt-get install chromium)")
ANSWERED = "document.querySelectorAll('#said .answer').length"
CELLS = "[...document.querySelectorAll('#board .row:not(.heads):not(.end)')].map(row => [...row.querySelectorAll('.cell')].map(cell => cell.textContent))"
FACTS = "[...document.querySelectorAll('#board .row:not(.heads):not(.end) .label')].map(label => label.value ?? label.textContent)"


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


def written(found, k=0):
    """A reply's attention as the cells show it: a row a fact, a column a pass."""
    return [[f"{w:.2f}" for w in column] for column in np.transpose(found["networks"][k]["attention"])[:-1]]


def told(browser):
    """What the page would ask now."""
    return json.loads(browser.js("JSON.stringify(request())"))


@needs_browser
def test_a_person_tells_and_asks(browser, server, one):
    """Drawn, edited, left out, moved, taken away, all by keyboard: what stands there is what the network says of it."""
    browser.look(1200)
    browser.open(server.address)
    browser.wait(ANSWERED)

    def agrees():
        said = respond([one], told(browser))
        kept = iter(written(said))
        expected = [next(kept) if i in said["kept"] else [""] * 3 for i in range(len(told(browser)["facts"]))]
        browser.wait(f"JSON.stringify({CELLS}) === {json.dumps(json.dumps(expected, separators=(',', ':')))}")
        browser.wait(f"document.querySelector('.answer').firstChild.textContent.trim() === {json.dumps(said['networks'][0]['answer'])}")
        return told(browser)
    assert len(agrees()["facts"]) > 1
    browser.js("rows = []; document.getElementById('question').value = 'Where is Mary?'; insert(0, ''); rows[0].label.focus()")
    for i, fact in enumerate(TOLD):
        if i:
            browser.press("Enter")
        browser.type(fact)
    assert agrees() == {"facts": TOLD, "left_out": [], "question": ASKED[0]}
    browser.press("ArrowUp", alt=True)
    assert agrees()["facts"] == [*TOLD[:2], TOLD[3], TOLD[2]] and browser.js(f"document.activeElement.value === {json.dumps(TOLD[3])}")
    browser.press("ArrowUp"), browser.press("ArrowUp")
    assert browser.js("document.activeElement === rows[0].label")
    browser.js("rows[1].box.focus()"), browser.press(" ")
    assert agrees()["left_out"] == [1]
    browser.js("document.getElementById('told').focus()"), browser.press("ArrowLeft")
    assert agrees()["left_out"] == [3]                     # told so far: three of four
    browser.js("rows[2].made.querySelector('.moves').lastChild.click(); document.getElementById('all').click()")
    assert agrees() == {"facts": [*TOLD[:2], TOLD[2]], "left_out": [], "question": ASKED[0]}
    browser.js("document.getElementById('question').select()"), browser.type("Who took the milk")
    assert agrees()["question"] == "Who took the milk"
    browser.js("const data_ = new DataTransfer(); data_.setData('text', '1 Mary sat.\\n2 John sat.\\n3 Where is John?\\tgarden\\t2\\n');"
               "rows[0].label.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data_, cancelable: true}))")
    assert agrees() == {"facts": [TOLD[0], "Mary sat.", "John sat.", *TOLD[1:3]], "left_out": [], "question": "Where is John?"}
    assert "never seen in training, read as unknown: sat" in browser.js("document.body.innerText")
    assert browser.complaints() == [] and {url.split("/", 3)[2] for url in browser.requests()} == {f"127.0.0.1:{server.server_port}"}


@needs_browser
def test_in_a_browser_a_text_stays_a_text_and_a_mistake_is_a_line(browser, server):
    browser.look(1200)
    browser.open(server.address)
    browser.wait(ANSWERED)
    browser.js(f"insert(0, {json.dumps(EVIL)}); document.getElementById('question').value = {json.dumps('Where <b>is</b> ' + EVIL)}; later()")
    browser.wait("document.getElementById('said').innerText.includes('<script>document.title')")
    assert browser.js("rows[0].label.value") == EVIL and browser.js("document.title") == "tinydmn play"
    assert browser.js("document.querySelectorAll('img, b:not(.ranks b), textarea:not(#question, .label)').length + document.scripts.length") == 2
    error = "document.getElementById('error').textContent"
    browser.js("document.getElementById('question').value = ''; later()")
    browser.wait(f"{error}.startsWith('the question is empty')")
    browser.js("document.getElementById('question').value = 'Where is Mary?'; later()")
    browser.wait(f"{error} === ''")
    browser.js("rows.forEach(row => { row.on = false }); changed()")
    browser.wait(f"{error} === 'every fact is left out; leave one in'")
    assert browser.complaints() == []


@pytest.fixture(scope="module")
def files(saved):
    """The page as a file, with three stories, by the names of the networks."""
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tinydmn.play.export.choices", few)
        for names in ("ab", "sst", "pos"):
            networks = open_networks([saved / f"{name}.npz" for name in (names if names == "ab" else [names])], "numpy")
            made[names] = saved / f"{names}.html"
            made[names].write_text(exported(networks, 3, 1), encoding="utf-8")
    return made


@needs_browser
@pytest.mark.parametrize("names", [["a", "b"], ["sst"], ["pos"]])
def test_a_file_in_a_browser(browser, files, names):
    """It is opened without any network; what is left out changes what is said, and a choice that it does not hold is a line."""
    file = files["".join(names)]
    stored = held(file)[1]["stored"]
    browser.look(1200)
    browser.open(file.as_uri())
    browser.wait("document.querySelectorAll('#said .ranks li').length")
    for i in (0, 2):
        browser.js(f"document.getElementById('draws').value = '{i}'; document.getElementById('draws').dispatchEvent(new Event('change'))")
        n = len(next(iter(stored[i]["replies"])))
        for kept in ("1" * n, "0" + "1" * (n - 1)):
            found = stored[i]["replies"][kept]
            browser.js(f"rows.forEach((row, i) => {{ row.on = '{kept}'[i] === '1' }}); ask()")
            if names == ["pos"]:
                tags = ["" if kept[j] == "0" else found["networks"][0]["tags"][found["kept"].index(j)][0][0] for j in range(n)]
                shown = "[...document.querySelectorAll('#board .row:not(.heads) .tag')].map(tag => tag.textContent.trim().split(' ')[0])"
                browser.wait(f"JSON.stringify({shown}) === {json.dumps(json.dumps(tags, separators=(',', ':'), ensure_ascii=False))}")
            else:
                each = [iter(written(found, k)) for k in range(len(names))]
                passes = [len(of["attention"]) for of in found["networks"]]
                cells = [sum(([""] * p if kept[j] == "0" else next(of) for of, p in zip(each, passes)), []) for j in range(n)]
                shown = json.loads(browser.js(f"JSON.stringify({CELLS})"))
                number = lambda row: [float(text or -1) for text in row]                  # 4 digits of a figure may round to others than all of them
                np.testing.assert_allclose([number(row) for row in shown], [number(row) for row in cells], atol=0.011)
    browser.js("rows.forEach(row => { row.on = false }); changed()")
    browser.wait("document.getElementById('error').textContent.startsWith('every')")
    assert browser.requests() == [file.as_uri()] and browser.complaints() == []


@needs_browser
@pytest.mark.parametrize("width", [400, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_narrow_window_and_a_wide_one(browser, files, width, scheme):
    """Nothing is wider than the window; letters stand out from what is behind them; darker is more in both schemes."""
    for file in files.values():
        browser.look(width, scheme)
        browser.open(file.as_uri())
        browser.wait("document.querySelectorAll('#said .ranks li').length")
        assert browser.js("document.documentElement.scrollWidth") <= width
        grey = browser.js("[0, .25, .5, .75, 1].map(w => shade(w)).map(([r, g, b]) => .3 * r + .59 * g + .11 * b)")
        assert grey == sorted(grey, reverse=True) and grey[0] > 245 and grey[-1] < 60
        colours = browser.js("[document.body, document.querySelector('.note, footer')].map(at => [getComputedStyle(at).color, "
                             "getComputedStyle(document.body).backgroundColor].map(text => text.match(/[0-9]+/g).slice(0, 3).map(Number)))")
        for ink, paper in colours:
            assert abs(np.mean(ink) - np.mean(paper)) > 90
        dark = np.mean(colours[0][1]) < 60
        assert dark == (scheme == "dark")


@needs_browser
@pytest.mark.parametrize("width", [400, 1200])
def test_long_facts_and_names_are_seen_whole(browser, width):
    """In as many lines as they need, on one line for the network; the cursor goes through them before it leaves them."""
    long = "Mary, who had gone to the very large and old kitchen before, went back to the garden with the milk and the football and all that was there."
    both = [net(network([story()], seed=3), name="a_run_with_a_rather_long_name"), net(network([story()], seed=4, passes=1, episode="gated"), name="another_of_a_long_name")]
    with Server(both) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            browser.look(width)
            browser.open(server.address)
            browser.wait(ANSWERED)
            browser.js(f"rows = []; document.getElementById('question').value = 'Where is Mary?'; insert(0, {json.dumps(TOLD[0])}, {json.dumps(long)}, {json.dumps('w' * 120)}, '')")
            browser.wait("reply && reply.kept.length === 3 && !document.body.classList.contains('stale')")
            whole = "[...document.querySelectorAll('textarea')].map(at => at.scrollHeight <= at.clientHeight && at.scrollWidth <= at.clientWidth)"
            assert set(browser.js(whole)) == {True} and browser.js("document.documentElement.scrollWidth") <= width
            heights = browser.js("rows.map(row => row.label.clientHeight)")
            assert heights[0] == heights[3] and heights[1] > 1.5 * heights[0] and heights[2] > 1.5 * heights[0]
            badges = browser.js("[...document.querySelectorAll('.heads .badge')].map(at => [at.getBoundingClientRect().left, at.getBoundingClientRect().right])")
            assert len(badges) == 2 and badges[0][1] <= badges[1][0] <= badges[1][1] <= width
            assert all(one.name in browser.js("document.getElementById('said').innerText") for one in both)
            browser.js("rows[1].label.focus(); rows[1].label.setSelectionRange(3, 3)"), browser.press("ArrowDown")
            assert browser.js("document.activeElement === rows[1].label")
            browser.js(f"rows[1].label.setSelectionRange({len(long)}, {len(long)})"), browser.press("ArrowDown")
            assert browser.js("document.activeElement === rows[2].label")
            browser.js("rows[3].label.focus()"), browser.type("Mary went\n to the garden.\n")
            assert browser.js("rows[3].label.value") == "Mary went to the garden." and told(browser)["facts"][3] == "Mary went to the garden."
            browser.js("document.getElementById('question').focus()"), browser.press("Enter")
            assert told(browser)["question"] == "Where is Mary?"
            other = 1600 - width
            browser.look(other)
            browser.wait(f"window.innerWidth === {other} && ({whole}).every(fits => fits)")
            assert browser.complaints() == []
        finally:
            server.shutdown()
            thread.join()


def test_every_kind_of_request_is_documented():
    assert all(word in replies.__doc__ for word in ("facts", "left_out", "question", "text", "draw", "seed"))
