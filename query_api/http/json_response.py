"""How answers become bytes."""

import msgspec
from starlette.responses import Response


class Json(Response):
    """JSON of plain values, as `query_api.schemas` describes them."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encode."""
        return msgspec.json.encode(content)
