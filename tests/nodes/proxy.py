"""What may stand between a node and its database: bytes pass, stop passing, or the line is cut."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Proxy:
    """Forwards connections to a port of 127.0.0.1. `frozen` keeps every byte back without closing anything.
    With `cut_at` set to some bytes, a connection whose client has sent them is cut once the server has had `time_to_act`
    on them, in seconds, and the answer is lost; that happens once. With `freeze_at` set to some bytes, it freezes before these
    have passed. With `closing` each connection is ended at once. `asked_at` has the moments of all that came."""

    def __init__(self, target: int):
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._flow = threading.Event()
        self._flow.set()
        self.cut_at: bytes | None = None
        self.time_to_act = 0.3
        self.freeze_at: bytes | None = None
        self.closing = False
        self.asked_at: list[float] = []
        self.cuts = 0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def frozen(self) -> bool:
        return not self._flow.is_set()

    @frozen.setter
    def frozen(self, value: bool) -> None:
        self._flow.clear() if value else self._flow.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.asked_at.append(time.monotonic())
                if self.closing:
                    client.close()
                    continue
                self._flow.wait()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                self._pairs.append((client, server))
                dead = threading.Event()
                threading.Thread(target=self._pump, args=(client, server, True, dead), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, False, dead), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, from_client: bool, dead: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if from_client and self.freeze_at is not None and self.freeze_at in data:
                    self.freeze_at, self.frozen = None, True
                self._flow.wait()
                if not from_client and dead.is_set():
                    continue
                if from_client and self.cut_at is not None and self.cut_at in data:
                    self.cut_at = None
                    self.cuts += 1
                    dead.set()
                    sink.sendall(data)
                    self._let_the_rest_pass(source, sink)
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _let_the_rest_pass(self, source: socket.socket, sink: socket.socket) -> None:
        source.settimeout(self.time_to_act)
        with contextlib.suppress(TimeoutError):
            while data := source.recv(65536):
                sink.sendall(data)

    def cut_all(self) -> None:
        """Ends every connection that there is."""
        for pair in self._pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self._flow.set()
        self.cut_all()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_) -> None:
        self.close()
