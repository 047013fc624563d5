"""What a student's file may not do: its walls, which student.py puts up around itself.

What is refused where, and what these walls do not promise, says session.py.
"""

import os
import sys
from contextlib import suppress

WRITTEN = 1 << 20              # bytes of any file that it writes
NOBODY = 65534                 # the user that root becomes

STARTS, ENDS, THREAD = "starting a process", "ending a process", "starting a thread"
REFUSED = {
    **dict.fromkeys(("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system",
                     "os.startfile", "subprocess.Popen", "pty.spawn"), STARTS),
    **dict.fromkeys(("os.kill", "os.killpg", "signal.pthread_kill"), ENDS),
    **dict.fromkeys(("os.symlink", "os.link"), "linking files"),
    **dict.fromkeys(("os.chdir", "os.fchdir", "os.chroot"), "leaving its folder"),
    **dict.fromkeys(("resource.setrlimit", "resource.prlimit"), "changing its limits"),
    "sqlite3.connect": "a database", "gc.get_objects": "gc", "gc.get_referrers": "gc",
}
FAMILIES = {"socket": "the network", "ctypes": "ctypes"}
THREADS = ("_thread.start_new_thread", "_thread.start_joinable_thread")
# the event, and how many of its first arguments are names of files
CHANGES = {"os.remove": 1, "os.rename": 2, "os.mkdir": 1, "os.rmdir": 1, "os.truncate": 1,
           "os.chmod": 1, "os.chown": 1, "os.utime": 1, "os.setxattr": 1, "os.removexattr": 1,
           "os.lchmod": 1, "os.lchown": 1}
LOOKS = ("os.listdir", "os.scandir")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def guard(own, libraries, hidden, numba):
    """From here on this process reads its own folder, Python's library and the libraries named, and
    writes into its own folder alone.

    An event that Python announces before it acts is refused by an exception.  The hook cannot be
    taken away; it keeps what it needs to itself.  -> a function that does what the hook refuses to
    all others.
    """
    standard, packages = os.path.dirname(os.__file__), ("site-packages", "dist-packages")
    real, is_folder, exact = os.path.realpath, os.path.isdir, (str, bytes)
    own, hidden, standard, *libraries = map(real, (own, hidden, standard, *libraries))
    refused = dict(REFUSED)
    families = {name: what for name, what in FAMILIES.items() if name != "ctypes" or not numba}
    if not numba:
        refused |= dict.fromkeys(THREADS, THREAD)
    changes, looks, writing, nowhere = dict(CHANGES), LOOKS, WRITING, os.path.realpath(os.devnull)
    sources = (nowhere, real("/dev/urandom"))

    def inside(path, folder):
        return path == folder or path.startswith(folder + os.sep)

    def where(path):
        if type(path) not in exact:              # another kind could be one name now, another later
            raise PermissionError("a file without a plain name is not allowed here")
        return real(path.decode(errors="surrogateescape") if type(path) is bytes else path)

    def check_read(path):
        path = where(path)
        if inside(path, own) or path in sources:
            return path
        if any(inside(path, one) for one in libraries) and not inside(path, hidden):
            return path
        if inside(path, standard) and not any(name in path for name in packages):
            return path
        raise PermissionError("reading files outside its folder is not allowed here")

    def check_write(path):
        path = where(path)
        if not inside(path, own) and path != nowhere:
            raise PermissionError("writing outside its folder is not allowed here")

    def check_open(path, mode, flags):
        if type(path) is int:                    # open already
            return
        if flags & writing or (type(mode) is str and set(mode) & set("wax+")):
            check_write(path)
        # from an open folder files could be opened whose names say nothing of where they are
        elif (path := check_read(path)) != own and mode is None and is_folder(path):
            raise PermissionError("opening a folder is not allowed here")

    privileged = False

    def privilege(f, *args):
        nonlocal privileged
        privileged = True
        try:
            return f(*args)
        finally:
            privileged = False

    def hook(event, args):
        if privileged:
            return
        if event == "open":
            check_open(*args)
        elif event in refused or (families and event.partition(".")[0] in families):
            says = refused.get(event) or families[event.partition(".")[0]]
            raise PermissionError(f"{says} is not allowed here")
        elif event in changes:
            for path in args[:changes[event]]:
                check_write(path)
        elif event in looks:
            check_read(args[0] if args and args[0] is not None else ".")
    sys.addaudithook(hook)
    return privilege


def not_announced(threads=True):
    """Processes and threads that Python starts without announcing them: these are refused too.

    threads: whether threads are.
    """
    import _posixsubprocess
    import _thread
    import threading
    for module, names, what in (
            (_posixsubprocess, ("fork_exec",), STARTS),
            (_thread, ("start_new_thread", "start_new", "start_joinable_thread"), THREAD),
            (threading, ("_start_new_thread", "_start_joinable_thread"), THREAD)):
        for name in names:
            if hasattr(module, name) and (threads or what != THREAD):
                setattr(module, name, refusing(what))


def refusing(what):
    def refuse(*_, **__):
        raise PermissionError(f"{what} is not allowed here")
    return refuse


def no_root(libraries):
    """Root becomes nobody, where nobody can read Python's library: then the system itself keeps the
    file from what is others'."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    with suppress(OSError):
        os.chown(".", NOBODY, NOBODY)
        os.setgroups([])
        os.seteuid(NOBODY)
        try:
            for folder in (os.path.dirname(os.__file__), *libraries):
                os.listdir(folder)
        except OSError:
            os.seteuid(0)
            return
        os.seteuid(0)
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def limit(memory, numba):
    """What the system gives at most; a limit that it does not know is left out."""
    with suppress(ImportError):
        import resource
        limits = {"AS": memory, "FSIZE": WRITTEN, "NOFILE": 256, "CORE": 0}
        for name, most in (limits if numba else {**limits, "NPROC": 0}).items():
            with suppress(OSError, ValueError, AttributeError):
                resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
        return resource
    return None
