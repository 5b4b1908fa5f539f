"""Answers one HTTP request of nginx, on the socket that is standard input: autodiscover, or Apple's profile."""

import socket
from collections.abc import Collection
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from . import apple_profile, autodiscover

_XML = "text/xml; charset=utf-8"
# nginx allows less.
_LONGEST = 16_384


class _Answer(BaseHTTPRequestHandler):
    """nginx has looked at the path, the size and the rate already."""

    # A question that never ends is cut.
    timeout = 10

    def __init__(self, connection: socket.socket, hostname: str, domains: Collection[str]) -> None:
        self._hostname = hostname
        self._domains = domains
        # It answers here, and has no use for a server.
        super().__init__(connection, ("nginx", 0), None)  # pyright: ignore[reportArgumentType]

    def do_POST(self) -> None:
        """Only autodiscover is posted to."""
        length = min(int(self.headers.get("Content-Length", 0)), _LONGEST)
        posted = self.rfile.read(length).decode("utf-8", "replace")
        self._send(200, _XML, autodiscover.answer(posted, self._hostname, self._domains).encode())

    def do_GET(self) -> None:
        """The profile; autodiscover knows no GET."""
        if not self.path.startswith("/mail.mobileconfig"):
            self._send(200, _XML, autodiscover.refusal(600, "Invalid Request").encode())
            return
        asked = parse_qs(urlsplit(self.path).query).get("address", [""])[0]
        try:
            address = autodiscover.hosted(asked, self._domains)
        except autodiscover.Refused as error:
            self._send(404, "text/plain; charset=utf-8", f"{error.words}.\n".encode())
            return
        signed = apple_profile.signed(address, self._hostname)
        self._send(200, "application/x-apple-aspen-config", signed, 'attachment; filename="mail.mobileconfig"')

    def _send(self, status: int, kind: str, content: bytes, disposition: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if disposition:
            self.send_header("Content-Disposition", disposition)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 (the name of the method that this replaces)
        """The question holds an address."""


def serve(connection: socket.socket, hostname: str, domains: Collection[str]) -> None:
    """One request."""
    _Answer(connection, hostname, domains)
