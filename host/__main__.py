"""The `celosia` command, from its first moment to its last; also `python -m host`.

What can end it at any time is caught here, before anything else is imported, which takes a second: an interrupt from
the keyboard, a signal to end, and whoever reads stdout being gone or unable to take more.
"""

import os
import signal
import sys
import warnings

__all__ = ["main"]

_FAILED = 2
_ENDING = (signal.SIGTERM, signal.SIGHUP)


def main():
    """Run the command line and exit; `celosia --help` lists the exit statuses."""
    _open_standard_files()
    for number in _ENDING:
        # Not where whoever started this had it ignored, as nohup does.
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _end)
    try:
        from host.command import run

        status = run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = _give_up(128 + signal.SIGINT, "interrupted")
    except SystemExit as ended:
        status = _give_up(ended.code)
    except BrokenPipeError:
        # As for any program: whoever has read enough does not want to hear of it.
        status = _give_up(128 + signal.SIGPIPE)
    except OSError as error:
        # Files that commands read and write have names, and messages of their own.
        what = "stdout cannot be written" if error.filename is None else error.filename
        status = _give_up(_FAILED, f"{what}: {error.strerror or error}")
    except MemoryError as error:
        status = _give_up(_FAILED, f"there is not enough memory: {error}".rstrip(": "))
    sys.exit(status)


def _end(number, frame):
    """Unwind, so that what is half-written goes away."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _give_up(status, message=None):
    """Say why in a line, and let nothing else be said from here on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # If the interrupt came within a string that was executed, as dataclasses do, Python would remember it and end
    # itself by a signal. The next string that is executed makes it forget.
    exec("")
    # Of designs that were made and are not simulated any more.
    warnings.simplefilter("ignore")
    try:
        if message is not None:
            print(f"celosia: {message}", file=sys.stderr, flush=True)
    except OSError:
        pass  # Nobody is there to read it.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for file in (sys.stdout, sys.stderr):
        try:
            file.flush()
        except OSError:
            # Python would try again at its end, and complain.
            os.dup2(nowhere, file.fileno())
    os.close(nowhere)
    return status


def _open_standard_files():
    """Open what whoever started this has closed: otherwise the next file that is opened takes its place.

    A closed stdout is opened for reading, so that only who writes to it fails.
    """
    for descriptor, name, flags, mode in (
            (0, "stdin", os.O_RDONLY, "r"), (1, "stdout", os.O_RDONLY, "w"), (2, "stderr", os.O_WRONLY, "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)
            setattr(sys, name, open(descriptor, mode, closefd=False))


if __name__ == "__main__":
    main()
