"""One HTTPS request, with the system's authorities. No redirects and no proxies: an alert goes where it was told to."""

import base64
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from . import addresses
from .undelivered import Undelivered

# Of an answer that is a refusal.
_MOST_READ = 8192


class _Connection(http.client.HTTPSConnection):
    """To the first address that answers; the certificate must be good for the name."""

    def __init__(self, name: str, port: int, known: dict[str, list[str]], deadline: float) -> None:
        self._context_of_ours = ssl.create_default_context()
        super().__init__(name, port, timeout=_left(deadline), context=self._context_of_ours)
        self._known = known
        self._deadline = deadline

    def connect(self) -> None:
        error: OSError | None = None
        for address in addresses.of_host(self.host, self._known):
            try:
                raw = socket.create_connection((address, self.port), min(10.0, _left(self._deadline)))
            except OSError as problem:
                error = problem
                continue
            raw.settimeout(_left(self._deadline))
            self.sock = self._context_of_ours.wrap_socket(raw, server_hostname=self.host)
            return
        raise error or OSError("it has no address")


def request(
    url: str,
    known: dict[str, list[str]],
    deadline: float,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    explain: Callable[[bytes], str] = lambda _: "",
) -> None:
    """GET, or POST with a body. Raises Undelivered, which never repeats the URL, for any other answer than 2xx.

    `explain`: what the body of such an answer says.
    """
    parts = urlsplit(url)
    fields = {"User-Agent": "mailstack", "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        fields["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    goal = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _Connection(parts.hostname or "", parts.port or 443, known, deadline)
    try:
        connection.request("GET" if body is None else "POST", goal, body, fields)
        answer = connection.getresponse()
        if not 200 <= answer.status < 300:
            words = f"answered {answer.status} {http.client.responses.get(answer.status, '')}".strip()
            said = explain(answer.read(_MOST_READ))
            raise Undelivered(f"{words}: {said}" if said else words)
    except ssl.SSLCertVerificationError as error:
        raise Undelivered(f"its certificate is not valid: {error.verify_message}") from None
    except TimeoutError:
        raise Undelivered("did not answer in time") from None
    except (OSError, http.client.HTTPException) as error:
        # Of the second kind, words may quote the request.
        words = error.strerror if isinstance(error, OSError) else ""
        raise Undelivered(words or type(error).__name__) from None
    finally:
        connection.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
