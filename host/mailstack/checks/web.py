"""The web server, as a browser meets it."""

import os
from http.client import HTTPConnection, HTTPResponse

from ..paths import on_host
from ..programs import run
from .bad import HERE, TIMEOUT, Bad
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


# Part of the webmail's bundle, which knows its name.
_WEBMAIL = "/usr/local/libexec/mailstack/webmail-check"


def webmail(_name: str) -> str:
    """The page that asks for a login."""
    if not os.path.exists(on_host(_WEBMAIL)):
        return "off"
    answer = run([_WEBMAIL], TIMEOUT)
    if answer.code != 0:
        raise Bad(" ".join(answer.words(2)) or f"its check ended with {answer.code}")
    return answer.out.strip()


def _get(connection: HTTPConnection, name: str) -> HTTPResponse:
    connection.request("GET", "/", headers={"Host": name})
    return connection.getresponse()
