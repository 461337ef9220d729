"""A terminal that a program writes to, and nobody sits at."""

from __future__ import annotations

import os
import pty
import threading
import tty
from pathlib import Path


def open_terminal(path: Path) -> int:
    """Answers the program's end of a new terminal, which the caller closes once the program has it. What the program writes there is
    appended to the file, until the last end is closed."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)  # as written: no carriage return in front of a line feed

    def copy() -> None:
        with path.open("ab", buffering=0) as file:
            try:
                while data := os.read(ours, 65536):
                    file.write(data)
            except OSError:  # how Linux says that the other end is closed
                pass
        os.close(ours)

    threading.Thread(target=copy, daemon=True).start()
    return theirs
