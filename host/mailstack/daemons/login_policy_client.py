"""What root asks the login policy."""

import http.client
import json
from typing import Any

from ..apply import manifest
from .login_policy_server import ADDRESS


def ask(command: str, request: dict[str, Any] | None = None, timeout: float = 10.0) -> dict[str, Any]:
    """The daemon's answer. Raises `OSError` when there is none."""
    connection = http.client.HTTPConnection(*ADDRESS, timeout=timeout)
    try:
        connection.request("POST", f"/?command={command}", json.dumps(request or {}))
        response = connection.getresponse()
        body = response.read()
    except http.client.HTTPException as error:
        raise OSError(f"the login policy does not answer: {error or type(error).__name__}") from None
    finally:
        connection.close()
    if response.status != 200:
        raise OSError(f"the login policy answers {response.status} {response.reason}")
    answer: dict[str, Any] = json.loads(body)
    return answer


def lockout_is_on() -> bool:
    """Whether the service is on this host; it is off with `lockAfterFailures: 0`."""
    applied = manifest.load("lockout")
    return bool(applied and applied.files)
