"""The S3 server of the emulated object storage: moto's, behind TLS, with durable contents and limited keys.

Usage: server.py FOLDER ADDRESS PORT. FOLDER holds access.json (see access.py), server.crt, server.key, and what the
buckets contain. The environment sets moto: INITIAL_NO_AUTH_ACTION_COUNT=0, or it would ask nobody for a key, and
MOTO_S3_CUSTOM_ENDPOINTS.
"""

import io
import sys
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Any
from xml.sax.saxutils import escape

from access import Access
from contents import Contents
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

READING = ("GET", "HEAD", "OPTIONS")


class Store:
    """One request at a time: moto's records are not made for writing while they are saved."""

    def __init__(self, folder: Path) -> None:
        self._app = create_backend_app("s3")
        self._contents = Contents(folder)
        self._access = Access(folder / "access.json")
        self._turn = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # Before the turn: a slow client keeps nobody waiting.
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        with self._turn:
            refusal = self._access.refusal(environ)
            if refusal:
                return refuse(start_response, *refusal)
            answer = list(self._app(environ, start_response))
            if environ["REQUEST_METHOD"] not in READING:
                self._contents.save()
            return answer


def refuse(start_response: Any, status: str, code: str, message: str) -> list[bytes]:
    text = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    start_response(status, [("Content-Type", "application/xml")])
    return [text.encode()]


def main(folder: str, address: str, port: str) -> None:
    # Connections are kept, as the real server does.
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    place = Path(folder)
    certificate = (str(place / "server.crt"), str(place / "server.key"))
    run_simple(address, int(port), Store(place), threaded=True, ssl_context=certificate)


if __name__ == "__main__":
    main(*sys.argv[1:])
