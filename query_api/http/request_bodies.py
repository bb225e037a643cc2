"""Request bodies, read up to a limit and decoded. The server ends slow ones."""

from typing import TypeVar

import msgspec
from fastapi import Request

from lake.errors import BadInput

T = TypeVar("T")
_JSON_BYTES_MAX = 4096


class BodyTooLarge(BadInput):
    """The body is larger than any valid one."""

    kind = "body-too-large"


class BodyMalformed(BadInput):
    """The body is not JSON of the form that the route takes."""

    kind = "body-malformed"


async def read(request: Request, bytes_max: int, too_large: BadInput) -> bytes:
    """Read a body.

    Raises:
        BadInput: `too_large`, when the limit is passed by at most one block.
    """
    body = b""
    async for block in request.stream():
        body += block
        if len(body) > bytes_max:
            raise too_large
    return body


async def read_json(request: Request, kind: type[T], hint: str) -> T:
    """Read a small body as JSON of the struct `kind`; an empty one is an empty object.

    Args:
        hint: Example of a valid body, for the error.

    Raises:
        BodyTooLarge, BodyMalformed.
    """
    too_large = BodyTooLarge(f"the body is more than {_JSON_BYTES_MAX} bytes: send {hint}")
    body = await read(request, _JSON_BYTES_MAX, too_large)
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BodyMalformed(f"send {hint}") from error
