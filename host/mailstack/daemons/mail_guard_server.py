"""The daemon around the guard: started by its socket, one thread for each connection of Postfix, ended when idle."""

import os
import select
import socket
import sys
import threading

from . import mail_guard, milter

IDLE_SECONDS = 60
# systemd's first socket.
_SOCKET = 3
# bootstrap.py points it at the newest version of this program.
_VERSION = "/usr/local/lib/mailstack/current"


class _Connections:
    """How many there are; the daemon ends when there is none."""

    def __init__(self) -> None:
        self.number = 0
        self._changes = threading.Lock()

    def change(self, by: int) -> None:
        with self._changes:
            self.number += by


def serve(address: tuple[str, int]) -> None:
    """Until Postfix is idle, or this program is replaced; the next connection starts it again."""
    version = os.path.realpath(_VERSION)
    workers = mail_guard.Workers(address)
    connections = _Connections()
    with socket.socket(fileno=_SOCKET) as listener:
        # What waits in the socket's queue when the loop ends is answered by the next process.
        while True:
            seconds = IDLE_SECONDS if os.path.realpath(_VERSION) == version else 1
            if select.select([listener], [], [], seconds)[0]:
                link, _ = listener.accept()
                connections.change(1)
                threading.Thread(target=_talk, args=(link, workers, connections), daemon=True).start()
            elif connections.number == 0:
                return


def _talk(link: socket.socket, workers: mail_guard.Workers, connections: _Connections) -> None:
    try:
        with link:
            mail_guard.serve(link, workers)
    except (OSError, milter.ProtocolError) as error:
        # Postfix hung up, or speaks another protocol; it puts the mail off.
        print(f"connection of Postfix: {error}", file=sys.stderr)
    finally:
        connections.change(-1)
