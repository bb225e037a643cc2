"""Requests to S3, repeated while that may help; failures become errors of the lake.

s3fs provides the client, its event loop thread and the signing. Its own retries are off: which
failure is retried, and for how long, is decided in `_classify` and `S3Client._retry`.
"""

import os
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import s3fs
from aiohttp import ClientError as BrokenConnection
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    ParamValidationError,
)
from botocore.exceptions import ConnectionError as UnreachableError
from botocore.parsers import ResponseParserError
from fsspec.asyn import sync

from lake.errors import BucketMissing, ObjectMissing, StoreUnavailable
from lake.settings import Settings

FIRST_PAUSE_S = 0.05
MISSING_CODES = {"NoSuchKey", "NoSuchUpload"}
_PAUSE_MAX_S = 2.0
_CONNECTIONS_MAX = 64
_RETRY_STATUSES = {408, 409, 425, 429, 500, 502, 503, 504}
# Refused with 400, although the same request may succeed the next time.
_RETRY_CODES = {"RequestTimeout", "IncompleteBody", "XAmzContentSHA256Mismatch", "BadDigest"}
_NO_ANSWER = (
    HTTPClientError,
    UnreachableError,
    ResponseParserError,
    BrokenConnection,
    OSError,
    EOFError,
)

T = TypeVar("T")


class ConditionFailedError(Exception):
    """The object is not in the state that a conditional write requires (412)."""


class RangeBeyondEndError(Exception):
    """A range begins after the object's end (416)."""


class S3Client:
    """Requests to one bucket, from any thread. See `lake.storage.s3.S3Store` for the arguments."""

    def __init__(
        self, url: str, bucket: str, settings: Settings, *, retry_s: float, timeout_s: float
    ) -> None:
        self.retry_s = retry_s
        self._url = url
        self._bucket = bucket
        self._settings = settings
        self._timeout_s = timeout_s
        self._filesystems: dict[int, Any] = {}  # by process

    def request(self, operation: str, key: str, **arguments: Any) -> Any:
        """Send a request and return its answer. `key` is for the message of an error.

        Raises:
            ObjectMissing, ConditionFailedError, RangeBeyondEndError, StoreUnavailable.
        """
        filesystem = self._filesystem()

        async def send() -> Any:
            return await filesystem._call_s3(operation, Bucket=self._bucket, **arguments)

        return self._retry(operation, key, send)

    def get(self, key: str, name: str, **arguments: str) -> tuple[bytes, Any]:
        """Return an object's body, its length verified, and the answer's other fields.

        Raises:
            ObjectMissing, RangeBeyondEndError, StoreUnavailable.
        """
        filesystem = self._filesystem()

        async def fetch() -> tuple[bytes, Any]:
            answer = await filesystem._call_s3(
                "get_object", Bucket=self._bucket, Key=name, **arguments
            )
            async with answer["Body"] as stream:
                body = await stream.read()
            announced = answer.get("ContentLength", len(body))
            if len(body) != announced:
                raise EOFError(f"{len(body)} of {announced} bytes came")
            return body, answer

        return self._retry("get_object", key, fetch)

    def unavailable(
        self, operation: str, key: str, why: object, note: str = ""
    ) -> StoreUnavailable:
        """Make the error of a request that failed for good."""
        endpoint = self._settings.aws_endpoint_url or "AWS S3"
        kind = BucketMissing if "NoSuchBucket" in str(why) else StoreUnavailable
        return kind(
            f"{endpoint} failed at {operation} of {key} in {self._url}: {why}; "
            f"{note + '; ' if note else ''}tried for up to {self.retry_s:g} s: look at the "
            "endpoint, the bucket and the credentials (`replaylake preflight`), then try again"
        )

    def _retry(self, operation: str, key: str, send: Callable[[], Awaitable[T]]) -> T:
        """Run `send` on s3fs's loop until it returns, for at most `retry_s`."""
        loop = self._filesystem().loop
        deadline, pause_s = time.monotonic() + self.retry_s, FIRST_PAUSE_S
        while True:
            try:
                answer: T = sync(loop, send)
            except (BotoCoreError, *_NO_ANSWER) as error:
                failure, may_succeed = _classify(error)
                if failure == "missing":
                    raise ObjectMissing(key) from error
                if failure == "condition-failed":
                    raise ConditionFailedError from error
                if failure == "beyond-end":
                    raise RangeBeyondEndError from error
                if not may_succeed or time.monotonic() + pause_s > deadline:
                    raise self.unavailable(operation, key, failure) from error
            else:
                return answer
            pause_s = pause(pause_s)

    def _filesystem(self) -> Any:
        """Return the s3fs client of this process; a forked child makes its own.

        No lock: s3fs connects at its first request, so that a second client is simply dropped.
        """
        filesystem = self._filesystems.get(os.getpid())
        if filesystem is not None:
            return filesystem
        settings = self._settings
        filesystem = s3fs.S3FileSystem(
            key=settings.aws_access_key_id or None,
            secret=settings.aws_secret_access_key or None,
            endpoint_url=settings.aws_endpoint_url or None,
            client_kwargs={"region_name": settings.aws_region},
            config_kwargs={
                "s3": {"addressing_style": "path"} if settings.aws_endpoint_url else {},
                "retries": {"total_max_attempts": 1},
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
                "connect_timeout": min(5.0, self._timeout_s),
                "read_timeout": self._timeout_s,
                "max_pool_connections": _CONNECTIONS_MAX,
            },
            max_concurrency=1,
            fixed_upload_size=True,
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        filesystem.retries = 1
        return self._filesystems.setdefault(os.getpid(), filesystem)


def _classify(error: BaseException) -> tuple[str, bool]:
    """Return a failure's name, and whether the same request may succeed if it is sent again.

    s3fs converts S3's errors to OSErrors, and uses errno 22 for a failed condition, a bad range
    and a bad argument alike; S3's own answer is the cause of the OSError.
    """
    if isinstance(error, ParamValidationError):
        raise error  # a bug of ours
    answer = error.__cause__
    if not isinstance(answer, ClientError):
        # No answer, or an incomplete one. Other BotoCoreErrors are about our settings.
        return f"{type(error).__name__}: {error}", isinstance(error, _NO_ANSWER)
    status = int(answer.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(answer.response.get("Error", {}).get("Code", ""))
    # A HEAD has no body, so that its code is only its status.
    if code in MISSING_CODES or (status == 404 and code in ("404", "NotFound", "")):
        return "missing", False
    if status == 412:
        return "condition-failed", False
    if status == 416:
        return "beyond-end", False
    message = answer.response.get("Error", {}).get("Message", "")
    may_succeed = status in _RETRY_STATUSES or status < 400 or code in _RETRY_CODES
    return f"{status} {code} {message}".strip(), may_succeed


def pause(pause_s: float) -> float:
    """Wait about `pause_s` and return the next pause."""
    time.sleep(pause_s * (0.5 + random.random()))  # noqa: S311 - jitter, no secret
    return min(pause_s * 2, _PAUSE_MAX_S)
