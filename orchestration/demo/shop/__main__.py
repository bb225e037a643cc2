"""Serves the shop: `python -m orchestration.demo.shop PORT INGEST_URL WEBSITE`."""

import sys

import uvicorn

from orchestration.demo.ports import HOST
from orchestration.demo.shop.app import create_app

_SHUTDOWN_S = 1  # a visitor who waits for the slow button does not keep the demo from ending


def main() -> None:
    """Serve until a signal ends it."""
    port, ingest_url, website_id = sys.argv[1:]
    uvicorn.run(
        create_app(ingest_url, website_id),
        host=HOST,
        port=int(port),
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )


if __name__ == "__main__":
    main()
