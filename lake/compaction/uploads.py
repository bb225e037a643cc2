"""Session files on their way to the store, a few at once."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from lake.compaction import session_writer
from lake.sessions.session_file_writer import WrittenSessionFile
from lake.storage.base import Store

_IN_FLIGHT_MAX = 4


class Uploads:
    """Sends written session files; the local copies that exist at once are bounded.

    Use as a context manager. On leaving the block without an error, all files are in the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(_IN_FLIGHT_MAX)
        self._in_flight: deque[Future[None]] = deque()

    def send(self, written: WrittenSessionFile) -> None:
        """Begin to send a file. Blocks while too many are in flight.

        Raises:
            StoreUnavailable: Sending this or an earlier file failed.
        """
        self._in_flight.append(
            self._pool.submit(session_writer.upload_session_file, self._store, written)
        )
        if len(self._in_flight) > _IN_FLIGHT_MAX:
            self._in_flight.popleft().result()

    def __enter__(self) -> "Uploads":
        return self

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        """Wait for all files.

        Raises:
            StoreUnavailable: Sending one of them failed.
        """
        try:
            if error_type is None:
                for upload in self._in_flight:
                    upload.result()
        finally:
            self._pool.shutdown()
