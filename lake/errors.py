"""Errors of the lake, grouped by how a handler reacts.

Each has a `kind` that never changes and a message with the number, the limit and the solution.
Each API maps them to statuses of problem+json in one table, with the `kind` given here.
"""


class LakeError(Exception):
    """Base class; never raised itself."""

    kind = "lake-error"


class BadInput(LakeError):
    """The input cannot be accepted. Sending it again gives the same response."""

    kind = "malformed"


class ChunkMalformed(BadInput):
    """A chunk is not a JSON array of rrweb events."""

    kind = "chunk-malformed"


class ChunkTooLarge(BadInput):
    """A chunk is larger than the lake accepts, as sent or once inflated."""

    kind = "chunk-too-large"

    def __init__(self, limit_bytes: int, *, inflated: bool) -> None:
        what = "inflates to more than" if inflated else "is more than"
        name = "REPLAY_CHUNK_RAW_BYTES_MAX" if inflated else "REPLAY_CHUNK_BYTES_MAX"
        super().__init__(f"the chunk {what} {limit_bytes} bytes: split it, or raise {name}")
        self.limit_bytes = limit_bytes


class RecordingMalformed(BadInput):
    """A file is no rrweb recording that can be imported."""

    kind = "recording-malformed"


class EncodingUnsupported(BadInput):
    """A chunk's Content-Encoding is neither gzip nor identity."""

    kind = "encoding-unsupported"


class IdMalformed(BadInput):
    """A website, session, page or sequence number is not of its form."""

    kind = "id-malformed"


class Forbidden(LakeError):
    """The caller is known not to be allowed."""

    kind = "forbidden"


class SecretMismatch(Forbidden):
    """A session id was not made from the secret that was sent with it."""

    kind = "secret-mismatch"


class OriginForbidden(Forbidden):
    """The page's origin is none of the website's."""

    kind = "origin-forbidden"


class Missing(LakeError):
    """The requested object does not exist, or not for this caller."""

    kind = "missing"


class WebsiteMissing(Missing):
    """No website has this id."""

    kind = "website-missing"


class SessionMissing(Missing):
    """No session has this id."""

    kind = "session-missing"


class ObjectMissing(Missing):
    """The store holds no object at this key."""

    kind = "object-missing"

    def __init__(self, key: str) -> None:
        super().__init__(f"no object at {key}")
        self.key = key


class SessionExpired(LakeError):
    """A session is older than its website keeps sessions."""

    kind = "session-expired"


class SessionErased(LakeError):
    """The session was erased; no chunk of it is accepted."""

    kind = "session-erased"


class OnLegalHold(LakeError):
    """A legal hold forbids to remove it."""

    kind = "held"


class LimitReached(LakeError):
    """A website has as many of something as it may have."""

    kind = "limit-reached"


class TooManyRequests(LakeError):
    """The caller is above a rate; it may try again after `retry_s`."""

    kind = "too-many-requests"

    def __init__(self, message: str, retry_s: float) -> None:
        super().__init__(message)
        self.retry_s = retry_s


class Damaged(LakeError):
    """Stored bytes are not what was written: a checksum, a length or a form is wrong."""

    kind = "damaged"


class ControlDamaged(Damaged):
    """A document under `control/` is not what its key says, so that its content is unknown."""

    kind = "control-damaged"


class FormatUnknown(Damaged):
    """Stored bytes are of a format that this version does not read: a newer one wrote them."""

    kind = "format-unknown"


class StoreUnavailable(LakeError):
    """The store failed. Whether a write landed is unknown; the same write may be repeated."""

    kind = "store-unavailable"


class BucketMissing(StoreUnavailable):
    """The store has no bucket of this name."""

    kind = "bucket-missing"


class StoreFull(StoreUnavailable):
    """The store has no room left (disk full, inodes out, quota)."""

    kind = "store-full"


class Conflict(LakeError):
    """Another writer was first. Read again and start over."""

    kind = "conflict"


class SettingInvalid(BadInput):
    """A setting's value is not of its form. `name` is a website's setting, or "" for others."""

    kind = "setting-invalid"

    def __init__(self, message: str, *, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class LakeMissing(SettingInvalid):
    """There is no lake where `REPLAY_LAKE` says."""

    kind = "lake-missing"
