"""What every long-lived child process of ours needs on Linux: it ends when its parent ends, even by `kill -9`."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def dies_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` for `subprocess.Popen`: the kernel sends `death_signal` to the child when its parent is gone.

    The kernel watches the *thread* that forked, so a child that is started from a worker thread would die with that
    thread in the middle of its work.

    Raises:
        RuntimeError: when called outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("long-lived child processes must be started from the main thread")
    if sys.platform != "linux":
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask_the_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # the parent died between fork and prctl: nobody would ever signal us
            os._exit(1)

    return ask_the_kernel
