"""All generated pages and files of the site, by their place in it."""

import json
from collections.abc import Callable

from deploy.docs import (
    command_page,
    errors_page,
    http_page,
    metrics_page,
    settings_page,
    tables_page,
)

PAGES: dict[str, Callable[[], str]] = {
    "reference/settings.md": settings_page.page,
    "reference/errors.md": errors_page.page,
    "reference/command-line.md": command_page.page,
    "reference/ingest-api.md": http_page.ingest_page,
    "reference/query-api.md": http_page.query_page,
    "reference/tables.md": tables_page.page,
    "reference/metrics.md": metrics_page.page,
    "reference/ingest-openapi.json": lambda: json.dumps(http_page.ingest_schema(), indent=2),
    "reference/query-openapi.json": lambda: json.dumps(http_page.query_schema(), indent=2),
}
