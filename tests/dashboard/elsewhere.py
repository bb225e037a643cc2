"""Another host, a real one: counts who connects to it, whether or not they ask for anything."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: image/svg+xml\r\ncontent-length: 0\r\n\r\n"


@dataclass
class Elsewhere:
    """`url` is its address, `hits` what was asked of it; "" for a connection that asked nothing."""

    url: str
    hits: list[str] = field(default_factory=list)


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """Run the host, which the browser of these tests resolves as shop.test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Elsewhere(f"http://shop.test:{listener.getsockname()[1]}")

        def answer(connection: socket.socket) -> None:
            with connection:
                connection.settimeout(5)
                place = len(server.hits)
                server.hits.append("")
                try:
                    server.hits[place] = connection.recv(4_096).split(b"\r\n", 1)[0].decode()
                    connection.sendall(_ANSWER)
                except OSError:
                    pass  # who only connects is counted

        def listen() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return  # closed
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes who listens
