"""Threads and what they share: work in its order, one BLAS thread meanwhile and all of them afterwards, forked processes, Ctrl-C."""

import ctypes
import os
import subprocess
import sys
import threading
from time import sleep
from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tinydmn import threads
from tinydmn.config import Config
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.ops import load

from .stories import random_batch


@pytest.fixture
def two_blas_threads():
    """BLAS with two threads, as a test begins, however many cores there are."""
    threads.blas_names()                                   # both BLAS libraries are loaded now
    with threadpool_limits(2, user_api="blas"):
        assert blas() == {2}
        yield


def blas():
    """How many threads the BLAS libraries use, as threadpoolctl finds them."""
    return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}


# work

@pytest.mark.parametrize("n", (1, 2, 3))
@pytest.mark.parametrize("pieces", (1, 2, 7))
def test_results_come_in_the_order_of_the_pieces(n, pieces, two_blas_threads):
    seen = []

    def work(i):
        seen.append((i, threading.current_thread() is threading.main_thread(), blas()))
        return i * i
    assert threads.run(work, range(pieces), n) == [i * i for i in range(pieces)]
    assert sorted(i for i, _, _ in seen) == list(range(pieces)) and blas() == {2}
    for _, in_main_thread, limit in seen:
        assert limit == {1} and in_main_thread == (n == 1 or pieces == 1)                  # alone it needs no other thread


def test_n_pieces_at_once_and_not_more():
    together, now, most = threading.Barrier(2, timeout=60), [], []

    def work(i):
        now.append(i)
        most.append(len(now))
        together.wait()                                    # ends only where two work at the same time
        sleep(0.1)                                         # time for a third one to come in
        now.remove(i)
    threads.run(work, range(6), 2)
    assert max(most) == 2


class Planted(Exception):
    """Raised by work."""


@pytest.mark.parametrize("n", (1, 2))
def test_blas_has_its_threads_back_when_work_raises(n, two_blas_threads):
    def work(i):
        raise Planted
    for _ in range(2):
        with pytest.raises(Planted):
            threads.run(work, range(3), n)
        assert blas() == {2}


def test_blas_has_its_threads_back_after_work_within_work(two_blas_threads):
    def outer(i):
        inner = threads.run(lambda k: blas(), range(2), 1)
        return [*inner, blas()]                            # those within have gone, those around them work on
    assert threads.run(outer, range(2), 2) == [[{1}] * 3] * 2 and blas() == {2}


@pytest.mark.parametrize("first_out", (0, 1))
def test_blas_has_its_threads_back_in_whatever_order_two_leave(first_out, two_blas_threads):
    """The one that came first leaves first, or last; while one is inside the limit holds."""
    inside, leave, left, seen = [threading.Event() for _ in range(2)], [threading.Event() for _ in range(2)], [threading.Event() for _ in range(2)], {}

    def user(i):
        def work(_):
            inside[i].set()
            assert leave[i].wait(60)
            seen[i] = blas()
        threads.run(work, [0], 1)
        left[i].set()
    users = [threading.Thread(target=user, args=(i,)) for i in range(2)]
    for i in range(2):
        users[i].start()
        assert inside[i].wait(60)
    for i in (first_out, 1 - first_out):
        assert blas() == {1}
        leave[i].set()
        assert left[i].wait(60)
    for one in users:
        one.join(60)
    assert seen == {0: {1}, 1: {1}} and blas() == {2}


def test_blas_goes_back_to_what_it_was_not_to_what_it_could_be(two_blas_threads):
    with threadpool_limits(1, user_api="blas"):
        threads.run(lambda i: i, range(2), 2)
        assert blas() == {1}
    assert blas() == {2}


def test_limits_of_others_are_heard_afterwards(two_blas_threads):
    """Whoever worked here last, another Python thread may set a limit of its own."""
    heard = []

    def other():
        with threadpool_limits(1, user_api="blas"):
            heard.append(blas())
    threads.run(lambda i: i, range(2), 2)
    thread = threading.Thread(target=other)
    thread.start()
    thread.join(60)
    assert heard == [{1}] and blas() == {2}


def test_a_network_leaves_blas_alone(two_blas_threads):
    """Forward and backward, with one thread and with two."""
    model, batch = network()
    for model.threads in (1, 2):
        model.forward(batch)
        model.loss_and_grads(batch)
        assert blas() == {2}
        broken = model.with_weights(model.theta)
        broken.ops = load(model.ops.layers, overlay=SimpleNamespace(gru_forward=raises))
        for way in (broken.forward, broken.loss_and_grads):
            with pytest.raises(Planted):
                way(batch)
            assert blas() == {2}


def raises(*_):
    raise Planted


def network(S=40, **more):
    rng = np.random.default_rng(0)
    batch, _, vocabulary = random_batch(rng, S)
    return DMN(Config(**{"hidden": 8, "embedding": 6, "gate_hidden": 5, "passes": 2} | more), vocabulary), batch


def test_names_of_blas():
    assert all(name and "(" in name for name in threads.blas_names().split(", "))


# how many

@pytest.mark.parametrize("asked", ("1", "3", "1024"))
def test_threads_come_from_the_environment(asked, monkeypatch):
    monkeypatch.setenv("TINYDMN_THREADS", asked)
    assert threads.count() == int(asked) == network(1)[0].threads


@pytest.mark.parametrize("asked", ("0", "-1", "1025", "two", "1.5", "1e2", "²"))
def test_a_wrong_number_of_threads_is_one_line(asked, monkeypatch):
    monkeypatch.setenv("TINYDMN_THREADS", asked)
    for ask in (threads.count, network):
        with pytest.raises(UserError, match=f"^TINYDMN_THREADS is '{asked}'; give a number of threads, 1 to 1024, or unset it$"):
            ask()


def test_without_being_told_as_many_as_the_process_may_run_on(monkeypatch):
    for asked in (None, ""):
        monkeypatch.setenv("TINYDMN_THREADS", asked) if asked is not None else monkeypatch.delenv("TINYDMN_THREADS", raising=False)
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
        assert threads.count() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert threads.count() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads.count() == 1


def test_freed_memory_is_kept_by_the_c_library_where_it_can_be_told(monkeypatch):
    told = []
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=lambda *numbers: told.append(numbers)))
    threads.keep_freed_memory()
    assert told == [(-1, 2**30), (-3, 2**25)]              # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h; no more than 32 MiB is taken
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    threads.keep_freed_memory()


# processes of their own

def run_alone(code, threads_, timeout=240):
    """What a Python process prints that runs `code`; it must end by itself, with exit code 0."""
    environment = os.environ | {"TINYDMN_THREADS": str(threads_)}
    done = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", PREPARED + code], env=environment, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return done.stdout


PREPARED = """
import os, signal, sys, threading, time
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits
from tinydmn import threads
from tests.test_threads import network, blas
model, batch = network()
wanted = model.loss_and_grads(batch)[0]
threadpool_limits(2, user_api="blas")
"""
FORK = """
def child():
    signal.alarm(100)                                      # a child that hangs is killed, and seen by its exit code
    same = model.loss_and_grads(batch)[0] == wanted and blas() == {2} and (model.forward(batch).answers >= 0).all()
    alone = threads.run(lambda _: blas(), [0], 1) == [{1}]     # the child is the first one in: it sets the limit itself
    os._exit(0 if same and alone and blas() == {2} else 1)

def fork():
    process = os.fork()
    if not process:
        child()
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_uses_the_network_too():
    """After two threads worked; then while another thread of the parent is inside.  Nobody works in the child: BLAS has its threads there."""
    code = FORK + """
codes = [fork()]
inside, stop = threading.Event(), threading.Event()

def work(_):
    inside.set()
    stop.wait(100)
busy = threading.Thread(target=threads.run, args=(work, [0], 1))
busy.start()
inside.wait(100)
codes += [fork(), fork()]
assert blas() == {1}                                       # the parent's own work goes on
stop.set()
busy.join()
assert blas() == {2} and model.loss_and_grads(batch)[0] == wanted
print(codes)
"""
    for n in (1, 2):
        assert run_alone(code, n) == "[0, 0, 0]\n"


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX does")
@pytest.mark.parametrize("n", (1, 2))
def test_ctrl_c_while_kernels_run_is_a_keyboard_interrupt(n):
    """However often, and wherever it finds the main thread: in a kernel, or waiting for two others."""
    assert run_alone("""
from tests.test_threads import network
model, batch = network(400, hidden=40)
model.loss_and_grads(batch)
ends = []
for i in range(12):
    timer = threading.Timer(0.02 + 0.003 * i, os.kill, (os.getpid(), signal.SIGINT))
    try:
        timer.start()
        began = time.monotonic()
        while time.monotonic() < began + 60:
            model.loss_and_grads(batch)
        ends.append("nothing")
    except BaseException as error:
        ends.append(type(error).__name__)
    timer.join()
assert np.isfinite(model.loss_and_grads(batch)[0])         # and the network is as good as before
print(*sorted(set(ends)), len(ends))
""", n) == "KeyboardInterrupt 12\n"


# Ctrl-C inside a compiled function

def chained(*errors, by):
    """The first of some errors, each caused by the next."""
    for error, cause in zip(errors, errors[1:]):
        setattr(error, by, cause)
    return errors[0]


@pytest.mark.parametrize("by", ("__cause__", "__context__"))
@pytest.mark.parametrize("between", (0, 1, 2))
def test_a_system_error_that_was_a_keyboard_interrupt(by, between):
    with pytest.raises(KeyboardInterrupt) as caught, threads.interruptible():
        raise chained(SystemError("returned a result with an exception set"), *(SystemError() for _ in range(between)), KeyboardInterrupt(), by=by)
    assert caught.value.__suppress_context__ and caught.value.__cause__ is None            # no traceback of what it looked like


def test_other_errors_stay_what_they_are():
    for error in (SystemError("bad"), chained(SystemError("bad"), ValueError("within"), by="__cause__"), ValueError("no"), KeyboardInterrupt(),
                  chained(ValueError("no"), KeyboardInterrupt(), by="__context__")):
        with pytest.raises(type(error)) as caught, threads.interruptible():
            raise error
        assert caught.value is error
    with threads.interruptible():
        pass
