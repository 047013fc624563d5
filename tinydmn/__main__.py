"""The command line as a process of its own: python -m tinydmn, or tinydmn."""

import _thread
import errno
import os
import signal
import sys
import threading

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
AGAIN = 0.02              # seconds until a Ctrl-C that came at a bad moment is tried again


def main():
    """-> exit code.  Ctrl-C at any time ends it with one line and 130; a closed pipe
    (`tinydmn ... | head`) ends it silently."""
    # a shell's background job ignores Ctrl-C
    heeds = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        if heeds:
            signal.signal(signal.SIGINT, _leave)
        from .errors import UserError
        from .streams import settle
        settle()                                         # before anything is printed
        from .cli import asked, main as run, module_of
        for name in asked(sys.argv[1:]):                   # this takes a moment
            module_of(name)
        if heeds:
            sys.unraisablehook = _unraisable
            signal.signal(signal.SIGINT, _interrupt)
        try:
            return run()
        finally:
            # here, not as the interpreter exits: the reader of a pipe may have gone
            sys.stdout.flush()
    except KeyboardInterrupt:
        print("tinydmn: stopped", file=sys.stderr)
        return 130
    except UserError as error:                             # while it was loaded
        print(f"tinydmn: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        _forget(sys.stdout, sys.stderr)
        return 0
    except OSError as error:
        if error.errno not in FULL or error.filename:    # a file's error, not a stream's
            raise
        print(f"tinydmn: output cannot be written ({error.strerror}); write it elsewhere",
              file=sys.stderr)
        _forget(sys.stdout)
        return 2
    finally:
        if heeds:
            signal.signal(signal.SIGINT, signal.SIG_IGN)   # all is done, nothing is left to stop


def _forget(*streams):
    """Discard what is still buffered for these streams."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())


def _leave(*_):
    """Ctrl-C while modules are loaded: an interrupted import can end in any error, and there is
    nothing to clean up."""
    os.write(2, b"tinydmn: stopped\n")
    os._exit(130)


def _interrupt(number, frame):
    """Ctrl-C while a command runs raises KeyboardInterrupt, except in the middle of an import."""
    while frame is not None:
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return _later()
        frame = frame.f_back
    raise KeyboardInterrupt


def _unraisable(what):
    """A KeyboardInterrupt in a callback of C code, which cannot raise it, would be printed and
    lost: raise it again later."""
    if issubclass(what.exc_type, KeyboardInterrupt):
        _later()
    else:
        sys.__unraisablehook__(what)


def _later():
    timer = threading.Timer(AGAIN, _again)
    timer.daemon = True
    timer.start()


def _again():
    if hasattr(signal, "pthread_kill"):                    # wakes it where it waits for something
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    else:
        _thread.interrupt_main()


if __name__ == "__main__":
    sys.exit(main())
