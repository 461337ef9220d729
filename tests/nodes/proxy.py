"""What may stand between a node and its database: bytes pass, stop passing, or the line is cut."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time


def _has_hung_up(client: socket.socket) -> bool:
    if client.fileno() < 0:  # the pump of the other direction has closed it
        return True
    poll = select.poll()
    try:
        poll.register(client, select.POLLRDHUP)
    except ValueError:  # closed since
        return True
    return bool(poll.poll(0))


class Proxy:
    """Forwards connections to a port of 127.0.0.1. `frozen` keeps every byte back without closing anything.
    With `cut_at` set to some bytes, a connection whose client has sent them is cut once the server has had `time_to_act`
    on them, in seconds, and the answer is lost; that happens once. With `freeze_at` set to some bytes, it freezes before these
    have passed. With `closing` each connection is ended at once. `asked_at` has the moments of all that came. No more than `most`
    are forwarded at a time: the others are accepted and hear nothing until one of those ends, as at HAProxy's `maxconn`.
    `freeze` keeps back the bytes of some connections alone, and so does `freeze_one_at` for the first whose client sends such bytes."""

    def __init__(self, target: int, *, most: int | None = None):
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
        self._most = most
        self._places = threading.Condition()
        self.forwarded = 0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.frozen_alone: set[int] = set()
        self.freeze_one_at: bytes | None = None
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
                if self._most is None:
                    self._forward(client)
                else:
                    threading.Thread(target=self._forward_in_turn, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> list[threading.Thread]:
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            client.close()
            return []
        self._pairs.append((client, server))
        number, dead = len(self._pairs) - 1, threading.Event()
        pumps = [threading.Thread(target=self._pump, args=(*ends, number, dead), daemon=True)
                 for ends in ((client, server, True), (server, client, False))]
        for pump in pumps:
            pump.start()
        return pumps

    def _forward_in_turn(self, client: socket.socket) -> None:
        with self._places:
            while self.forwarded >= self._most:
                if self._closed or _has_hung_up(client):
                    return client.close()
                self._places.wait(0.05)
            self.forwarded += 1
        for pump in self._forward(client):
            pump.join()
        with self._places:
            self.forwarded -= 1
            self._places.notify_all()

    def _pump(self, source: socket.socket, sink: socket.socket, from_client: bool, number: int, dead: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if from_client and self.freeze_at is not None and self.freeze_at in data:
                    self.freeze_at, self.frozen = None, True
                if from_client and self.freeze_one_at is not None and self.freeze_one_at in data:
                    self.freeze_one_at = None
                    self.freeze(number)
                self._flow.wait()
                while number in self.frozen_alone and not _has_hung_up(self._pairs[number][0]):
                    time.sleep(0.01)
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

    def freeze(self, *numbers: int) -> None:
        """Nothing passes any more on those of the forwarded connections, counted from 0 in their order, until they end."""
        self.frozen_alone |= set(numbers)

    def cut_all(self) -> None:
        """Ends every connection that there is."""
        for pair in self._pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._closed = True
        self._listener.close()
        self._flow.set()
        self.cut_all()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_) -> None:
        self.close()
