"""The lake in a bucket: Cloudflare R2, AWS S3 or anything that speaks it, through s3fs.

Objects are single requests, so that each is atomic; only `put_file` of a large file is a multipart
upload, which is atomic at its completion. What may have landed although its answer was lost is
sent again: every write here may be repeated, and a conditional one carries a token by which its
own repetition is told from another writer's object.

s3fs gives the client, its loop thread and the signing. Its own retries are off: which failure may
be repeated, and for how long, is decided here, in `_failure_of` and `_retried`.
"""

import os
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

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

from lake.errors import BucketMissing, LakeError, ObjectMissing, StoreUnavailable
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import ObjectInfo

_PART_BYTES = 16 * 1024 * 1024  # R2 wants all parts but the last of one size; 10,000 are 160 GB
_PAGE_MAX = 1000  # keys in one answer of LIST and in one DeleteObjects
_CONNECTIONS_MAX = 64
_PAUSE_FIRST_S = 0.05
_PAUSE_MAX_S = 2.0
_RACES_MAX = 100  # an object may be deleted between our PUT and our look at it, but not for ever

_GONE = {"NoSuchKey", "NoSuchUpload"}
_AGAIN_STATUSES = {408, 409, 425, 429, 500, 502, 503, 504}
# Refused with a 400 although the same request may pass the next time.
_AGAIN_CODES = {"RequestTimeout", "IncompleteBody", "XAmzContentSHA256Mismatch", "BadDigest"}
_BROKEN = (
    HTTPClientError,
    UnreachableError,
    ResponseParserError,
    BrokenConnection,
    OSError,
    EOFError,
)

T = TypeVar("T")


class S3Store:
    """See `lake.storage.base.Store` for the promises.

    Args:
        url: `s3://bucket` or `s3://bucket/prefix`. The bucket must exist.
        settings: Its `aws_…` fields; an empty key means the AWS chain (environment, role, …).
        retry_s: For how long a failing call is tried again. No request begins after it.
        timeout_s: How long one request may be silent before its answer counts as lost. At most
            half of `retry_s`, so that it is sent once more at least.
    """

    def __init__(
        self, url: str, settings: Settings, *, retry_s: float = 20.0, timeout_s: float = 10.0
    ) -> None:
        self.url = url.rstrip("/")
        self._bucket, _, prefix = self.url.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._settings = settings
        self._retry_s = retry_s
        self._timeout_s = timeout_s
        self._opened: dict[int, Any] = {}

    def put_new(self, key: str, body: bytes, *, token: str) -> bool:
        """PUT with If-None-Match; a 412 may be our own write, so its token is looked at."""
        return self._put_if(key, body, token, IfNoneMatch="*")

    def put(self, key: str, body: bytes) -> None:
        """PUT."""
        self._call("put_object", key, Body=body)

    def put_file(self, key: str, path: Path) -> None:
        """PUT, or a multipart upload that is given up as a whole if a part fails."""
        size_bytes = path.stat().st_size
        if size_bytes <= _PART_BYTES:
            self.put(key, path.read_bytes())
            return
        token = uuid4().hex
        upload = self._call("create_multipart_upload", key, Metadata={"token": token})["UploadId"]
        try:
            parts: list[dict[str, Any]] = []
            with path.open("rb") as file:
                while part := file.read(_PART_BYTES):
                    number = len(parts) + 1
                    answer = self._call(
                        "upload_part", key, UploadId=upload, PartNumber=number, Body=part
                    )
                    parts.append({"PartNumber": number, "ETag": answer["ETag"]})
            done = {"Parts": parts}
            self._call("complete_multipart_upload", key, UploadId=upload, MultipartUpload=done)
        except ObjectMissing as error:
            # The upload is gone: completed by a request whose answer was lost, or aborted.
            if self._token_of(key) != token:
                raise self._unavailable("put_file", key, "the upload was aborted") from error
        except BaseException:
            with suppress(LakeError):
                self._call("abort_multipart_upload", key, UploadId=upload)
            raise

    def get(self, key: str) -> bytes:
        """GET."""
        return self._get(key)[0]

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """GET with a range."""
        return self._get_part(key, f"bytes={start}-{end - 1}", is_empty=end <= start)

    def get_tail(self, key: str, size_bytes: int) -> bytes:
        """GET with a suffix range."""
        return self._get_part(key, f"bytes=-{size_bytes}", is_empty=size_bytes <= 0)

    def get_versioned(self, key: str) -> tuple[bytes, str]:
        """Return the object and its ETag."""
        body, answer = self._get(key)
        return body, answer["ETag"]

    def swap(self, key: str, body: bytes, *, version: str | None) -> bool:
        """PUT with If-Match; a 412 may be our own write whose answer was lost: see its token.

        If that write landed unheard and was replaced by another writer since, this says False,
        which is true of the object as it is now.
        """
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        return self._put_if(key, body, uuid4().hex, **condition)

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        """LIST, 1,000 keys to a request."""
        arguments = {"Prefix": self._prefix + prefix, "MaxKeys": _PAGE_MAX}
        if start_after:
            arguments["StartAfter"] = self._prefix + start_after
        while True:
            page = self._request("list_objects_v2", prefix, **arguments)
            for item in page.get("Contents", []):
                key = item["Key"].removeprefix(self._prefix)
                yield ObjectInfo(key, item["Size"], item["LastModified"].astimezone(UTC))
            if not page.get("IsTruncated"):
                return
            arguments["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, keys: Iterable[str]) -> None:
        """DeleteObjects, 1,000 keys to a request; keys that it reports as failed are sent again."""
        rest = iter(keys)
        while batch := [self._name(key) for key in islice(rest, _PAGE_MAX)]:
            deadline, pause_s = time.monotonic() + self._retry_s, _PAUSE_FIRST_S
            while batch:
                names = {"Objects": [{"Key": name} for name in batch], "Quiet": True}
                first = batch[0].removeprefix(self._prefix)
                answer = self._request("delete_objects", first, Delete=names)
                errors = [e for e in answer.get("Errors", []) if e.get("Code") not in _GONE]
                if errors and time.monotonic() + pause_s > deadline:
                    error = errors[0]
                    raise self._unavailable(
                        "delete_objects",
                        str(error.get("Key")).removeprefix(self._prefix),
                        f"{error.get('Code')} {error.get('Message', '')}".strip(),
                        f"{len(errors)} of {len(batch)} objects were not deleted",
                    )
                batch = [str(e["Key"]) for e in errors]
                pause_s = _sleep(pause_s) if batch else pause_s

    def table_uri(self, name: str) -> str:
        """Return the table's URL."""
        return f"{self.url}/{keys.table_prefix(name).removesuffix('/')}"

    def table_options(self) -> dict[str, str]:
        """Return what delta-rs and Polars need to reach the same bucket."""
        settings = self._settings
        options = {
            "AWS_ACCESS_KEY_ID": settings.aws_access_key_id,
            "AWS_SECRET_ACCESS_KEY": settings.aws_secret_access_key,
            "AWS_REGION": settings.aws_region,
            "aws_conditional_put": "etag",
        }
        if settings.aws_endpoint_url:
            options["AWS_ENDPOINT_URL"] = settings.aws_endpoint_url
            options["aws_virtual_hosted_style_request"] = "false"
            if settings.aws_endpoint_url.startswith("http://"):
                options["AWS_ALLOW_HTTP"] = "true"
        return {name: value for name, value in options.items() if value}

    def encryption(self, key: str) -> str:
        """Return the encryption at rest that is reported for an object, '' if none is.

        S3 tells it with the object, R2 only for the whole bucket, which not every key may ask.
        """
        if told := self._call("head_object", key).get("ServerSideEncryption"):
            return str(told)
        try:
            answer = self._request("get_bucket_encryption", key)
        except LakeError:
            return ""
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
        return str(next((d["SSEAlgorithm"] for d in defaults if "SSEAlgorithm" in d), ""))

    def _put_if(self, key: str, body: bytes, token: str, **condition: str) -> bool:
        """PUT under a condition. False: the condition fails, and not by our own earlier try."""
        for _ in range(_RACES_MAX):
            try:
                self._call("put_object", key, Body=body, Metadata={"token": token}, **condition)
            except _TakenError:
                found = self._token_of(key)
                if found is None and "IfNoneMatch" in condition:
                    continue  # whoever was first has deleted it since
                return found == token
            except ObjectMissing:
                return False  # nothing there to match
            return True
        raise self._unavailable("put_object", key, "412, although there is no object")

    def _token_of(self, key: str) -> str | None:
        """Return the token of the write that made the object ('' if it had none), or None."""
        try:
            head = self._call("head_object", key)
        except ObjectMissing:
            return None
        return str(head.get("Metadata", {}).get("token", ""))

    def _get_part(self, key: str, span: str, *, is_empty: bool) -> bytes:
        if is_empty:
            self._call("head_object", key)  # no range says "nothing", but missing is missing
            return b""
        try:
            return self._get(key, Range=span)[0]
        except _BeyondError:
            return b""

    def _get(self, key: str, **arguments: str) -> tuple[bytes, Any]:
        """GET a whole body; a cut one is asked for again."""
        filesystem = self._filesystem()

        async def fetch() -> tuple[bytes, Any]:
            answer = await filesystem._call_s3(
                "get_object", Bucket=self._bucket, Key=self._name(key), **arguments
            )
            async with answer["Body"] as stream:
                body = await stream.read()
            announced = answer.get("ContentLength", len(body))
            if len(body) != announced:
                raise EOFError(f"{len(body)} of {announced} bytes came")
            return body, answer

        return self._retried("get_object", key, fetch)

    def _call(self, operation: str, key: str, **arguments: Any) -> Any:
        return self._request(operation, key, Key=self._name(key), **arguments)

    def _request(self, operation: str, key: str, **arguments: Any) -> Any:
        filesystem = self._filesystem()

        async def send() -> Any:
            return await filesystem._call_s3(operation, Bucket=self._bucket, **arguments)

        return self._retried(operation, key, send)

    def _retried(self, operation: str, key: str, send: Callable[[], Awaitable[T]]) -> T:
        """Run `send` on s3fs's loop until it answers, for `retry_s` at most."""
        loop = self._filesystem().loop
        deadline, pause_s = time.monotonic() + self._retry_s, _PAUSE_FIRST_S
        while True:
            try:
                answer: T = sync(loop, send)
            except (BotoCoreError, *_BROKEN) as error:
                failure, is_worth_repeating = _failure_of(error)
                if failure == "missing":
                    raise ObjectMissing(key) from error
                if failure == "taken":
                    raise _TakenError from error
                if failure == "beyond":
                    raise _BeyondError from error
                if not is_worth_repeating or time.monotonic() + pause_s > deadline:
                    raise self._unavailable(operation, key, failure) from error
            else:
                return answer
            pause_s = _sleep(pause_s)

    def _unavailable(
        self, operation: str, key: str, why: object, note: str = ""
    ) -> StoreUnavailable:
        endpoint = self._settings.aws_endpoint_url or "AWS S3"
        kind = BucketMissing if "NoSuchBucket" in str(why) else StoreUnavailable
        return kind(
            f"{endpoint} failed at {operation} of {key} in {self.url}: {why}; "
            f"{note + '; ' if note else ''}tried for up to {self._retry_s:g} s: look at the "
            "endpoint, the bucket and the credentials (`replaylake preflight`), then try again"
        )

    def _name(self, key: str) -> str:
        """Return the object's full name. Keys that no folder could hold are refused here too."""
        steps = key.split("/")
        assert not any(step in ("", ".", "..") or "\0" in step for step in steps), key
        return self._prefix + key

    def _filesystem(self) -> Any:
        """Return the client of this process; a forked child makes its own.

        No lock: s3fs connects at its first request, so of two made at once one is just dropped.
        """
        opened = self._opened.get(os.getpid())
        if opened is not None:
            return opened
        settings = self._settings
        made = s3fs.S3FileSystem(
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
        made.retries = 1
        return self._opened.setdefault(os.getpid(), made)


class _TakenError(Exception):
    """The object's state was not the one that a conditional write asked for."""


class _BeyondError(Exception):
    """A range begins behind the object's end."""


def _failure_of(error: BaseException) -> tuple[str, bool]:
    """Name a failure, and say whether the same request may succeed if it is sent again.

    s3fs turns S3's errors into OSErrors, of which errno 22 alone stands for a lost race, a bad
    range and a bad argument; the answer itself is their cause.
    """
    if isinstance(error, ParamValidationError):
        raise error  # our own mistake
    answer = error.__cause__
    if not isinstance(answer, ClientError):
        # No answer came, or no whole one. BotoCoreErrors beside these are about our settings.
        return f"{type(error).__name__}: {error}", isinstance(error, _BROKEN)
    status = int(answer.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(answer.response.get("Error", {}).get("Code", ""))
    # A HEAD's answer has no body, so that its code is only its status.
    if code in _GONE or (status == 404 and code in ("404", "NotFound", "")):
        return "missing", False
    if status == 412:
        return "taken", False
    if status == 416:
        return "beyond", False
    message = answer.response.get("Error", {}).get("Message", "")
    is_worth_repeating = status in _AGAIN_STATUSES or status < 400 or code in _AGAIN_CODES
    return f"{status} {code} {message}".strip(), is_worth_repeating


def _sleep(pause_s: float) -> float:
    """Wait about `pause_s`, and return how long to wait the next time."""
    time.sleep(pause_s * (0.5 + random.random()))  # noqa: S311 - jitter, no secret
    return min(pause_s * 2, _PAUSE_MAX_S)
