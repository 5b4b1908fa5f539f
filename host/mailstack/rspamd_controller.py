"""Questions to Rspamd's controller. Who can open its socket is asked for no password."""

import http.client
import socket
from collections.abc import Mapping

SOCKET = "/run/rspamd/controller.sock"


def ask(
    controller: str,
    timeout: float,
    method: str,
    path: str,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Status and body of the answer. Raises OSError or HTTPException when there is none."""
    connection = http.client.HTTPConnection("localhost", timeout=timeout)
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.settimeout(timeout)
        connection.sock.connect(controller)
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
