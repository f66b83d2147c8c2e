"""Work that processes are given in the tests of what runs them."""

import os
import signal
import sys
import time
from pathlib import Path


def work(name, how, where, progress):
    Path(where, name).write_text(str(os.getpid()))
    if how == "endless":
        try:
            progress(0.5, "half of it")
            time.sleep(300)
        finally:
            Path(where, f"{name} tidied").touch()
    progress(0.5, "half of it")
    if how == "exit":
        os._exit(3)
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        progress(0.6, "deaf")
        time.sleep(300)
    return "" if how == "well" else f"{how} in {name}"


def unable():
    sys.exit(5)


class Unable:
    """An argument with which no process gets as far as working."""

    def __reduce__(self):
        return unable, ()

    def __call__(self):
        raise NotImplementedError
