"""The daemon around the login policy: HTTP on the loopback, started by its socket, ended when nobody asks.

Any process of this host can connect, so the kernel is asked whose connection it is: only Dovecot and root count.
"""

import json
import os
import pwd
import select
import socket
import sqlite3
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .login_policy import LoginPolicy, state_path

ADDRESS = ("127.0.0.1", 4001)
IDLE_SECONDS = 300
# systemd's first socket.
_SOCKET = 3
_LONGEST = 16_384
# bootstrap.py points it at the newest version of this program.
_VERSION = "/usr/local/lib/mailstack/current"


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, policy: LoginPolicy) -> None:
        super().__init__(ADDRESS, _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=_SOCKET)
        self.policy = policy
        self.callers = {0, pwd.getpwnam("dovecot").pw_uid}


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]
    timeout = 5

    def do_POST(self) -> None:
        uid = owner(self.client_address, self.connection.getsockname())
        if uid not in self.server.callers:
            self.send_error(403)
            return
        try:
            length = int(self.headers.get("Content-Length", "0"))
            request = json.loads(self.rfile.read(length)) if 0 < length <= _LONGEST else {}
            answer = self._answer(parse_qs(urlsplit(self.path).query).get("command", [""])[0], request, uid)
        except (ValueError, AttributeError) as error:
            self.send_error(400, str(error))
            return
        except sqlite3.Error as error:
            self.log_error("%s", error)
            self.send_error(500)
            return
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, command: str, request: dict[str, Any], uid: int | None) -> dict[str, Any]:
        policy = self.server.policy
        if command == "allow":
            # Below zero Dovecot refuses, in the words of a wrong password.
            return {"status": 0 if policy.allow(request) else -1, "msg": ""}
        if command == "report":
            policy.report(request)
        elif command == "locks" and uid == 0:
            return {"status": 0, "locks": policy.locks()}
        elif command == "forgive" and uid == 0:
            policy.forgive(str(request["login"]))
        elif command == "forget" and uid == 0:
            policy.forget(str(request["login"]))
        else:
            raise ValueError("no such command")
        return {"status": 0, "msg": ""}

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Dovecot logs each login already."""


def owner(client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """User id of the process behind a connection from this host (proc_net_tcp.txt).

    Connections to several servers can share a port of the client, and those that are over are root's (TIME_WAIT): both
    ends must be these.
    """
    wanted = [_hexadecimal(client), _hexadecimal(server)]
    # The kernel shows the table in parts, and can leave out a line when others go meanwhile.
    for _ in range(3):
        with open("/proc/net/tcp", encoding="ascii") as file:
            for line in file:
                fields = line.split()
                if fields[1:3] == wanted:
                    return int(fields[7])
    return None


def _hexadecimal(address: tuple[str, int]) -> str:
    """As in that table."""
    number = int.from_bytes(socket.inet_aton(address[0]), "little")
    return f"{number:08X}:{address[1]:04X}"


def serve(failures: int, minutes: int, trusted: list[str]) -> None:
    """Until nobody has asked for a while, or this program is replaced; the next request starts it again."""
    os.umask(0o077)
    version = os.path.realpath(_VERSION)
    server = _Server(LoginPolicy(state_path(), failures, minutes, trusted))
    # What waits in the socket's queue when the loop ends is answered by the next process.
    while select.select([server], [], [], IDLE_SECONDS)[0] and os.path.realpath(_VERSION) == version:
        server.handle_request()
    server.server_close()
