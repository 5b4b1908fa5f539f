"""The text files of /var/log."""

import json
import os
import stat
import time

from ..paths import on_host
from ..programs import run
from .bad import TIMEOUT, Bad

_MAIL_LOG = "/var/log/mail.log"
# On a busy host a line takes a moment from the journal to the file.
_PATIENCE_SECONDS = 2.0
_MIB = 1024 * 1024


def written(_name: str) -> str:
    """What the journal has about mail is in mail.log too, and not for everybody to read."""
    answer = run(["journalctl", "--quiet", "--facility=mail", "--lines=1", "--output=json", "--no-pager"], TIMEOUT)
    if answer.code != 0:
        raise Bad(" ".join(answer.words(2)))
    newest = int(json.loads(answer.out)["__REALTIME_TIMESTAMP"]) / 1e6 if answer.out.strip() else 0.0
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            file = os.stat(on_host(_MAIL_LOG))
        except FileNotFoundError:
            raise Bad(f"there is no {_MAIL_LOG}; does rsyslog run?") from None
        missing = newest - file.st_mtime
        if missing < 1 or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    if missing >= 1:
        raise Bad(f"{_MAIL_LOG} lacks the last {missing:.0f} s; does rsyslog run?")
    if file.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise Bad(f"{_MAIL_LOG} has the mode {stat.S_IMODE(file.st_mode):04o}, not 0640")
    return f"mail.log is written, {file.st_size // _MIB} MiB"
