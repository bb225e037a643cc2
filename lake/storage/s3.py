"""The lake in a bucket: Cloudflare R2, AWS S3 or anything that speaks it, through s3fs.

Objects are single requests, so that each is atomic; only `put_file` of a large file is a multipart
upload, which is atomic at its completion. A write whose answer was lost is sent again: every write
here is idempotent, and a conditional one carries a token that tells its own object from another
writer's.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from lake.errors import LakeError, ObjectMissing
from lake.settings import Settings
from lake.storage import keys
from lake.storage.base import ObjectInfo
from lake.storage.s3_client import (
    FIRST_PAUSE_S,
    MISSING_CODES,
    ConditionFailedError,
    RangeBeyondEndError,
    S3Client,
    pause,
)

_PART_BYTES = 16 * 1024 * 1024  # R2 wants all parts but the last of one size; 10,000 are 160 GB
_PAGE_MAX = 1000  # keys in one answer of LIST and in one DeleteObjects
_RACES_MAX = 100  # an object may be deleted between our PUT and our HEAD, but not for ever


class S3Store:
    """See `lake.storage.base.Store` for the promises.

    Args:
        url: `s3://bucket` or `s3://bucket/prefix`. The bucket must exist.
        settings: Its `aws_…` fields; an empty key means the AWS chain (environment, role, …).
        retry_s: How long a failing request is retried. No request begins after it.
        timeout_s: How long one request may be silent before its answer counts as lost. At most
            half of `retry_s`, so that it is sent at least twice.
    """

    def __init__(
        self, url: str, settings: Settings, *, retry_s: float = 20.0, timeout_s: float = 10.0
    ) -> None:
        self.url = url.rstrip("/")
        self._bucket, _, prefix = self.url.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._settings = settings
        self._client = S3Client(
            self.url, self._bucket, settings, retry_s=retry_s, timeout_s=timeout_s
        )

    def put_new(self, key: str, body: bytes, *, token: str) -> bool:
        """PUT with If-None-Match; after a 412, the token shows whether the object is our own."""
        return self._put_if(key, body, token, IfNoneMatch="*")

    def put(self, key: str, body: bytes) -> None:
        """PUT."""
        self._call("put_object", key, Body=body)

    def put_file(self, key: str, path: Path) -> None:
        """PUT, or a multipart upload that is aborted if a part fails."""
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
            # Completed by a request whose answer was lost, or aborted.
            if self._token_of(key) != token:
                raise self._client.unavailable("put_file", key, "the upload was aborted") from error
        except BaseException:
            with suppress(LakeError):
                self._call("abort_multipart_upload", key, UploadId=upload)
            raise

    def get(self, key: str) -> bytes:
        """GET."""
        return self._client.get(key, self._name(key))[0]

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """GET with a range."""
        return self._get_part(key, f"bytes={start}-{end - 1}", is_empty=end <= start)

    def get_tail(self, key: str, size_bytes: int) -> bytes:
        """GET with a suffix range."""
        return self._get_part(key, f"bytes=-{size_bytes}", is_empty=size_bytes <= 0)

    def get_versioned(self, key: str) -> tuple[bytes, str]:
        """Return the object and its ETag."""
        body, answer = self._client.get(key, self._name(key))
        return body, answer["ETag"]

    def swap(self, key: str, body: bytes, *, version: str | None) -> bool:
        """PUT with If-Match; after a 412, the token shows whether the object is our own.

        If the answer of a write was lost and another writer replaced the object since, this is
        False, which is true of the object as it is now.
        """
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        return self._put_if(key, body, uuid4().hex, **condition)

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        """LIST, 1,000 keys to a request."""
        arguments = {"Prefix": self._prefix + prefix, "MaxKeys": _PAGE_MAX}
        if start_after:
            arguments["StartAfter"] = self._prefix + start_after
        while True:
            page = self._client.request("list_objects_v2", prefix, **arguments)
            for item in page.get("Contents", []):
                key = item["Key"].removeprefix(self._prefix)
                yield ObjectInfo(key, item["Size"], item["LastModified"].astimezone(UTC))
            if not page.get("IsTruncated"):
                return
            arguments["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, keys: Iterable[str]) -> None:
        """DeleteObjects, 1,000 keys to a request; keys that it reports as failed are retried."""
        rest = iter(keys)
        while batch := [self._name(key) for key in islice(rest, _PAGE_MAX)]:
            deadline, pause_s = time.monotonic() + self._client.retry_s, FIRST_PAUSE_S
            while batch:
                names = {"Objects": [{"Key": name} for name in batch], "Quiet": True}
                first = batch[0].removeprefix(self._prefix)
                answer = self._client.request("delete_objects", first, Delete=names)
                errors = [e for e in answer.get("Errors", []) if e.get("Code") not in MISSING_CODES]
                if errors and time.monotonic() + pause_s > deadline:
                    error = errors[0]
                    raise self._client.unavailable(
                        "delete_objects",
                        str(error.get("Key")).removeprefix(self._prefix),
                        f"{error.get('Code')} {error.get('Message', '')}".strip(),
                        f"{len(errors)} of {len(batch)} objects were not deleted",
                    )
                batch = [str(e["Key"]) for e in errors]
                pause_s = pause(pause_s) if batch else pause_s

    def table_uri(self, name: str) -> str:
        """Return the table's URL."""
        return f"{self.url}/{keys.table_prefix(name).removesuffix('/')}"

    def table_options(self) -> dict[str, str]:
        """Return the options with which delta-rs and Polars reach the same bucket."""
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
        """Return the encryption at rest that the store reports for an object, '' if none.

        S3 reports it with the object; R2 only for the bucket, which not every key may read.
        """
        if algorithm := self._call("head_object", key).get("ServerSideEncryption"):
            return str(algorithm)
        try:
            answer = self._client.request("get_bucket_encryption", key)
        except LakeError:
            return ""
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
        return str(next((d["SSEAlgorithm"] for d in defaults if "SSEAlgorithm" in d), ""))

    def _put_if(self, key: str, body: bytes, token: str, **condition: str) -> bool:
        """PUT under a condition. False: it fails, and not because of our own earlier try."""
        for _ in range(_RACES_MAX):
            try:
                self._call("put_object", key, Body=body, Metadata={"token": token}, **condition)
            except ConditionFailedError:
                stored = self._token_of(key)
                if stored is None and "IfNoneMatch" in condition:
                    continue  # another writer was first, and has deleted it since
                return stored == token
            except ObjectMissing:
                return False  # no object to match
            return True
        raise self._client.unavailable("put_object", key, "412, although there is no object")

    def _token_of(self, key: str) -> str | None:
        """Return the token of the write of an object ('' if it had none), None without object."""
        try:
            head = self._call("head_object", key)
        except ObjectMissing:
            return None
        return str(head.get("Metadata", {}).get("token", ""))

    def _get_part(self, key: str, span: str, *, is_empty: bool) -> bytes:
        if is_empty:
            self._call("head_object", key)  # no range is empty, but a missing object is an error
            return b""
        try:
            return self._client.get(key, self._name(key), Range=span)[0]
        except RangeBeyondEndError:
            return b""

    def _call(self, operation: str, key: str, **arguments: Any) -> Any:
        """Send a request about one object."""
        return self._client.request(operation, key, Key=self._name(key), **arguments)

    def _name(self, key: str) -> str:
        """Return the name in the bucket. Keys that no folder can hold are refused, too."""
        steps = key.split("/")
        assert not any(step in ("", ".", "..") or "\0" in step for step in steps), key
        return self._prefix + key
