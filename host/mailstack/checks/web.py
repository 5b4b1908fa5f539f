"""The web server, as a browser meets it."""

from http.client import HTTPConnection, HTTPResponse

from .bad import HERE, TIMEOUT, Bad
from .bundled import ask
from .mail import any_certificate


def http(name: str) -> str:
    """Whoever comes without TLS is sent to TLS."""
    connection = HTTPConnection(HERE, 80, timeout=TIMEOUT)
    try:
        answer = _get(connection, name)
    finally:
        connection.close()
    goal = answer.getheader("Location", "")
    if answer.status != 301 or goal != f"https://{name}/":
        raise Bad(f"{answer.status} {goal}".strip())
    return f"leads to {goal}"


def https(name: str) -> str:
    """The host's own name answers over TLS; it has no page."""
    connection = HTTPConnection(HERE, 443, timeout=TIMEOUT)
    try:
        connection.connect()
        connection.sock = any_certificate().wrap_socket(connection.sock, server_hostname=name)
        version = connection.sock.version()
        answer = _get(connection, name)
    finally:
        connection.close()
    if answer.status >= 500:
        raise Bad(f"answer {answer.status}")
    return f"{version}, answers {answer.status}"


def webmail(_name: str) -> str:
    """The page that asks for a login."""
    return ask("webmail-check")


def _get(connection: HTTPConnection, name: str) -> HTTPResponse:
    connection.request("GET", "/", headers={"Host": name})
    return connection.getresponse()
