"""The baseline of the ingest API: a FastAPI endpoint that stores each chunk as one object.

Two of them: one that checks nothing, and one that inflates and parses as the obvious code does.
Served like the ingest API (uvicorn, uvloop, httptools, no access log).
"""

import gzip
import json
import sys
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from lake.settings import Settings, from_environ
from lake.storage.base import Store, open_store


def create_app(store: Store, *, checks: bool) -> FastAPI:
    """Make the app: `POST /v1/chunks`, 202 once the chunk is durable."""
    app = FastAPI()

    @app.get("/readyz")
    async def readyz() -> dict[str, bool]:
        return {"ready": True}

    @app.post("/v1/chunks", status_code=202)
    async def chunk(
        request: Request, website: str, session: str, page: str, seq: int
    ) -> dict[str, bool]:
        body = await request.body()
        if checks and not isinstance(json.loads(gzip.decompress(body)), list):
            raise HTTPException(400)
        key = f"raw/{website}/{session}/{page}.{seq}.json.gz"
        stored = await run_in_threadpool(store.put_new, key, body, token=uuid4().hex)
        return {"stored": stored}

    return app


def serve(settings: Settings, port: int, *, checks: bool) -> None:
    app = create_app(open_store(settings), checks=checks)
    uvicorn.run(
        app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    serve(from_environ(), int(sys.argv[1]), checks=sys.argv[2] == "checks")
