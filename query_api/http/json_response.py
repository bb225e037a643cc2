"""JSON responses of plain values."""

import msgspec
from starlette.responses import Response


class Json(Response):
    """A JSON response; `query_api.schemas` describes its values."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encode the content as JSON."""
        return msgspec.json.encode(content)
