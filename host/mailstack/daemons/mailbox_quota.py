"""Answers Postfix at RCPT whether the mailboxes behind an address have room.

Dovecot knows that for a mailbox, but Postfix asks before it expands aliases. Here they are expanded first. Refused is
what would reach nobody: every mailbox behind the address is full. Whatever goes wrong, the answer is DUNNO, and Dovecot
decides at delivery. systemd starts it with the listening socket; without work it ends.
"""

import asyncio
import contextlib
import socket
import sqlite3
import sys
import time
from dataclasses import dataclass

# As in Postfix (recipient_delimiter) and Dovecot.
DELIMITER = "+"
# A client need not say how large its message is; this much even the shortest one has.
SMALLEST = 1024
# Dovecot looks at every folder of a mailbox to know how full it is. So it is asked for more than one message needs, and
# not again until that much is used up, or this many seconds have passed.
ROOM = 16 * 1024 * 1024
KNOWN_FOR = 5.0
# What a message of undeclared size uses up.
_UNDECLARED = 1024 * 1024
# systemd's first socket.
_SOCKET = 3
_DEEPEST = 10
_PATIENCE = 5.0
_IDLE = 60.0
_DUNNO = "DUNNO"


def mailboxes(database: sqlite3.Connection, address: str) -> tuple[set[str], bool]:
    """Mailboxes that an address leads to, and whether it leads anywhere else too."""
    found: set[str] = set()
    elsewhere = False
    seen: set[str] = set()
    wanted = {address.lower()}
    for _ in range(_DEEPEST):
        wanted -= seen
        if not wanted:
            return found, elsewhere
        seen |= wanted
        following: set[str] = set()
        for each in wanted:
            user, _, domain = each.rpartition("@")
            plain = f"{user.partition(DELIMITER)[0]}@{domain}"
            targets = _destinations(database, each) or _destinations(database, plain)
            if not targets and _is_mailbox(database, plain):
                found.add(plain)
                continue
            targets = targets or _destinations(database, f"@{domain}")
            # An alias may name itself to keep a copy.
            if plain in targets and _is_mailbox(database, plain):
                found.add(plain)
                targets.discard(plain)
            elsewhere = elsewhere or (not targets and plain not in found)
            following |= targets
        wanted = following
    return found, True


def _destinations(database: sqlite3.Connection, source: str) -> set[str]:
    rows = database.execute("SELECT destination FROM aliases WHERE source = ?", (source,))
    return {str(row[0]).lower() for row in rows}


def _is_mailbox(database: sqlite3.Connection, address: str) -> bool:
    return database.execute("SELECT 1 FROM users WHERE email = ? AND active = 1", (address,)).fetchone() is not None


@dataclass
class _Room:
    """What is left of the room that Dovecot has promised, and until when."""

    left: int
    until: float


class Server:
    """The daemon, with the paths of the accounts database and of the socket where Dovecot answers the same question."""

    def __init__(self, database: str, dovecot: str) -> None:
        self._database = database
        self._dovecot = dovecot
        self._last_use = time.monotonic()
        self._rooms: dict[str, _Room] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def decide(self, request: dict[str, str]) -> str:
        """The answer to one question of Postfix."""
        with contextlib.closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=2)) as database:
            boxes, elsewhere = mailboxes(database, request.get("recipient", ""))
        if elsewhere or not boxes:
            return _DUNNO
        declared = int(request.get("size") or 0)
        refusal = _DUNNO
        for mailbox in sorted(boxes):
            if await self._has_room(mailbox, declared or _UNDECLARED):
                return _DUNNO
            refusal = await self._ask_dovecot(mailbox, max(declared, SMALLEST))
            if not refusal.startswith("5"):
                return _DUNNO
        return refusal

    async def _has_room(self, mailbox: str, size: int) -> bool:
        """Whether there is plenty of room, from what Dovecot said a moment ago if possible."""
        now = time.monotonic()
        room = self._rooms.get(mailbox)
        if room is None or room.until < now or room.left < size:
            # Those of others that are over as well: the daemon can live as long as it has work.
            self._rooms = {name: each for name, each in self._rooms.items() if each.until >= now}
            self._rooms.pop(mailbox, None)
            if size > ROOM or (await self._ask_dovecot(mailbox, ROOM)).startswith("5"):
                return False
            room = self._rooms[mailbox] = _Room(ROOM, now + KNOWN_FOR)
        room.left -= size
        return True

    async def _ask_dovecot(self, mailbox: str, size: int) -> str:
        reader, writer = await asyncio.open_unix_connection(self._dovecot)
        try:
            question = f"request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient={mailbox}\nsize={size}\n\n"
            writer.write(question.encode())
            await writer.drain()
            answer = await reader.readline()
        finally:
            writer.close()
        name, _, action = answer.decode().strip().partition("=")
        return action if name == "action" and action else _DUNNO

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of Postfix, which keeps it for many questions."""
        try:
            while request := await question(reader):
                try:
                    action = await asyncio.wait_for(self.decide(request), _PATIENCE)
                except (OSError, ValueError, sqlite3.Error, TimeoutError) as error:
                    recipient = request.get("recipient")
                    print(f"no answer about {recipient}: {type(error).__name__} {error}", file=sys.stderr)
                    action = _DUNNO
                writer.write(f"action={action}\n\n".encode())
                await writer.drain()
        except ConnectionError:
            return
        finally:
            self._last_use = time.monotonic()
            writer.close()

    async def run(self) -> None:
        """Serves until nobody has asked for a while."""
        # Not start_unix_server: from Python 3.13 on it looks at the socket's path, which is Postfix's alone.
        listening = socket.socket(fileno=_SOCKET)
        listening.setblocking(False)
        while self._tasks or time.monotonic() - self._last_use < _IDLE:
            try:
                connection, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(listening), _IDLE)
            except TimeoutError:
                continue
            task = asyncio.create_task(self._serve(*await asyncio.open_unix_connection(sock=connection)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def question(reader: asyncio.StreamReader) -> dict[str, str]:
    """Lines `name=value` up to an empty one; empty at the end of the connection."""
    request: dict[str, str] = {}
    while line := (await reader.readline()).decode("utf-8", "replace").strip():
        name, _, value = line.partition("=")
        request[name] = value
    return request


def serve(database: str, dovecot: str) -> None:
    """Until nobody has asked for a while."""
    asyncio.run(Server(database, dovecot).run())
