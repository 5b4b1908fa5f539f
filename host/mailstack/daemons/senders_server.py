"""The daemon around `senders`: one JSON object a line in, one out. Rspamd asks; the socket is open to nobody else.

Started by its socket, ended when nobody asks. Without an answer Rspamd puts the message off.
"""

import asyncio
import contextlib
import json
import os
import pwd
import socket
import sqlite3
import sys
import time
from typing import Any

from ..accounts.declared import DEFAULT_DATABASE
from .senders import forwarding_refusal, local_refusal, refusal
from .waiting_scripts import WaitingScripts

IDLE_SECONDS = 300.0
# So often it looks for what has left.
_LOOK_SECONDS = 30.0
# systemd's first socket.
_SOCKET = 3
# Postfix takes headers of 100 kB (header_size_limit); JSON may escape each character.
_LONGEST = 4_000_000
# As long as Postfix's own lookups in the database wait.
_BUSY_SECONDS = 5


def answer(request: dict[str, Any], path: str = DEFAULT_DATABASE) -> dict[str, str]:
    """`refuse`: the words for the sender, empty where the message may go."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_BUSY_SECONDS)) as database:
        if "recipients" in request:
            return {"refuse": forwarding_refusal(database, request["recipients"])}
        if "user" in request:
            return {"refuse": refusal(database, request["user"], _headers(request))}
        return {"refuse": local_refusal(database, _login(request.get("uid")), _headers(request))}


def _headers(request: dict[str, Any]) -> dict[str, list[str]]:
    """Rspamd writes an empty table as an empty list."""
    return request["headers"] or {}


def _login(uid: int | None) -> str:
    try:
        return "" if uid is None else pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


class _Server:
    def __init__(self) -> None:
        self.waiting = WaitingScripts(os.environ["RUNTIME_DIRECTORY"])
        self.last_use = time.monotonic()
        self.tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one question. What goes wrong here is no answer, and the line in the log says what."""
        try:
            line = (await reader.readline()).decode("utf-8", "replace")
            if not line:
                return  # Somebody looks whether the socket is there.
            request = json.loads(line)
            if "waits" in request:
                (self.waiting.add if request["still"] else self.waiting.remove)(request["waits"], request["message"])
                writer.write(b"{}\n")
            else:
                writer.write(json.dumps(answer(request)).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError, KeyError, TypeError, RecursionError, sqlite3.Error) as error:
            print(f"no answer: {type(error).__name__} {error}", file=sys.stderr)
        finally:
            self.last_use = time.monotonic()
            writer.close()

    async def run(self) -> None:
        # Not start_unix_server: from Python 3.13 on it looks at the socket's path.
        listening = socket.socket(fileno=_SOCKET)
        listening.setblocking(False)
        while self.tasks or time.monotonic() - self.last_use < IDLE_SECONDS:
            self.waiting.forget()
            try:
                connection, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(listening), _LOOK_SECONDS)
            except TimeoutError:
                continue
            streams = await asyncio.open_unix_connection(sock=connection, limit=_LONGEST)
            task = asyncio.create_task(self.serve(*streams))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)


def serve() -> None:
    """Answers until nobody has asked for a while."""
    asyncio.run(_Server().run())
