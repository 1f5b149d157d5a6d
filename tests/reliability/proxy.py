"""A small TCP proxy that can cut connections, or stop forwarding one or both ways without a word: half-open."""

import selectors
import socket
import threading
from contextlib import contextmanager, suppress


class Proxy:
    """Forwards to `port` of this machine."""

    def __init__(self, port):
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ended.is_set():
            for key, _ in self._selector.select(0.05):
                if key.data is None:
                    self._accept()
                else:
                    self._forward(key.fileobj, *key.data)

    def _accept(self):
        client, _ = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._target))
        pair = {"silent": set()}
        self._pairs.append((pair, client, server))
        self._selector.register(client, selectors.EVENT_READ, (server, "asked", pair))
        self._selector.register(server, selectors.EVENT_READ, (client, "answered", pair))

    def _forward(self, source, target, direction, pair):
        try:
            data = source.recv(65_536)
            if data and direction not in pair["silent"]:
                target.sendall(data)
        except OSError:
            data = b""
        if not data:
            self._close(source, target)

    def _close(self, *ends):
        for end in ends:
            if end.fileno() >= 0:
                self._selector.unregister(end)
                end.close()

    def half_open(self, *directions):
        """Every connection of now passes nothing on in these directions (`asked`, `answered`); new ones do."""
        for pair, _, _ in self._pairs:
            pair["silent"].update(directions)

    def cut(self):
        """Ends every connection of now; the proxy's own thread notices."""
        for _, client, server in self._pairs:
            for end in (client, server):
                with suppress(OSError):  # closed already
                    end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._ended.set()
        self._thread.join(5)
        for _, client, server in self._pairs:
            client.close()
            server.close()
        self._listener.close()
        self._selector.close()


@contextmanager
def proxy(port):
    """A proxy for the length of a block."""
    one = Proxy(port)
    try:
        yield one
    finally:
        one.close()
