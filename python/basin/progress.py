"""How far a folder's conversion is, on stderr: as the basin command says it."""
from __future__ import annotations

import sys
import threading
import time
from typing import Optional, TextIO


class Progress:
    """On a terminal a line that is drawn anew; where stderr is a file, a line now and then. A thread says it,
    because torch may be at one file for minutes.

    first, redraw, lines: seconds until something is drawn, between two drawings, between two lines in a file.
    """

    def __init__(self, stream: Optional[TextIO] = None, *, first: float = 0.5, redraw: float = 0.2, lines: float = 30.0):
        self.stream = sys.stderr if stream is None else stream
        self.first, self.terminal = first, self.stream.isatty()
        self.each = redraw if self.terminal else lines
        self.stage, self.start = "at work", time.monotonic()
        self.lock, self.ended, self.drawn = threading.Lock(), threading.Event(), False
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Progress":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is said from now on."""
        with self.lock:
            self.ended.set()
            if self.drawn:
                self._write("\r\033[K")

    def at(self, stage: str) -> None:
        with self.lock:
            self.stage = stage

    def _watch(self) -> None:
        while not self.ended.wait(self.each):
            seconds = time.monotonic() - self.start
            with self.lock:
                if self.ended.is_set() or (self.terminal and seconds < self.first):
                    continue
                said = f"{self.stage}, {seconds:.0f} s so far"
                self._write(f"\r\033[K{said}" if self.terminal else f"basin: {said}\n")
                self.drawn = self.terminal

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):  # whoever read it has gone
            self.ended.set()
