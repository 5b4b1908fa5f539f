"""`mailstack restore list|user|message`: a user's mail from a backup, next to what is there, never over it."""

import json
import os
import re
from collections.abc import Iterator
from email.parser import BytesHeaderParser
from typing import Any

from ..accounts.maildirs import folders_in
from ..apply.identities import numbers
from ..errors import MailstackError
from ..paths import MAIL, on_host
from ..programs import must, run
from ..safe_path import Refused, names_in, open_file, own_tree, remove, set_ownership
from . import items, repository, settings, snapshots
from .own_lock import OwnLock
from .restic import Restic
from .snapshots import Snapshot, time_of
from .staging import bring, stage, staged

_MESSAGES = ("cur", "new")
_IMPORT_SECONDS = 3600.0
_ADDRESS = re.compile(r"[^@\s/\x00-\x1fA-Z]+@[a-z0-9-]+(\.[a-z0-9-]+)+")


def _maildir(address: str) -> str:
    if not _ADDRESS.fullmatch(address) or address.startswith("."):
        raise MailstackError(f"{address!r} is not a mail address in lower case", exit_code=2)
    user, _, domain = address.rpartition("@")
    return f"{MAIL}/{domain}/{user}/Maildir"


def _chosen(at: str) -> tuple[Restic, Snapshot]:
    restic = Restic(settings.load())
    repository.opened(restic, make=False)
    return restic, snapshots.look(restic).must("mail", time_of(at) if at else None)


def folders(address: str, at: str) -> dict[str, Any]:
    """Names of the user's folders in a backup, with their numbers of messages."""
    maildir = on_host(_maildir(address))
    restic, snapshot = _chosen(at)
    counts: dict[str, int] = {}
    doing = f"the backup of {snapshot.shown} could not be read"
    with restic.lines("ls", "--json", "--no-lock", "--recursive", snapshot.id, maildir, doing=doing) as process:
        for line in process.stdout or ():
            entry = json.loads(line)
            parts = entry.get("path", "").removeprefix(maildir).strip("/").split("/")
            if entry.get("type") == "dir" and parts[-1] in _MESSAGES:
                counts.setdefault(_name(parts), 0)
            if entry.get("type") == "file" and len(parts) > 1 and parts[-2] in _MESSAGES:
                name = _name(parts[:-1])
                counts[name] = counts.get(name, 0) + 1
    if not counts:
        raise MailstackError(f"the backup of {snapshot.shown} has no mail of {address}")
    return {"address": address, "time": snapshot.shown, "folders": dict(sorted(counts.items()))}


def _name(parts: list[str]) -> str:
    """Of a folder, by its path below the Maildir, `cur` or `new` last; the inbox is the Maildir itself."""
    return parts[0][1:].replace(".", "/") if len(parts) > 1 else "INBOX"


def _stored(folder: str) -> str:
    return "" if folder in ("", "INBOX") else "/." + folder.replace("/", ".")


def user(address: str, folder: str, at: str) -> str:
    """Restores a folder, or all of them, into a new one; returns its name."""
    with OwnLock(), stage() as where:
        restic, snapshot = _chosen(at)
        goal = _goal(address, snapshot)
        maildir = _maildir(address)
        bring(restic, snapshot, [maildir + _stored(folder)], where)
        found = staged(where, maildir + _stored(folder))
        if found is None or not any(_messages(f"{where}{on_host(maildir)}")):
            what = f"folder {folder!r} of {address}" if folder else f"mail of {address}"
            raise MailstackError(f"the backup of {snapshot.shown} has no {what}; `mailstack restore list {address}`")
        _import(address, f"{where}{on_host(maildir)}", where, goal, folder)
        return goal


def message(address: str, message_id: str, at: str) -> str:
    """Restores one message into a new folder; returns its name."""
    wanted = message_id.strip().strip("<>")
    with OwnLock(), stage() as where:
        restic, snapshot = _chosen(at)
        goal = _goal(address, snapshot, wanted)
        maildir = _maildir(address)
        bring(restic, snapshot, [maildir], where)
        found = staged(where, maildir)
        left = _keep(found, wanted) if found else 0
        if not found or not left:
            raise MailstackError(f"the backup of {snapshot.shown} has no message <{wanted}> of {address}")
        _import(address, found, where, goal, "")
        return goal


def _keep(maildir: str, wanted: str) -> int:
    """Removes every other message from a staged Maildir; how many are left."""
    left = 0
    for path in _messages(maildir):
        if _message_id(path) == wanted:
            left += 1
        else:
            remove(path)
    return left


def _message_id(path: str) -> str:
    """Empty for what is no file: a backup has links and FIFOs as their owner left them."""
    try:
        with open(open_file(path), "rb") as file:
            found = BytesHeaderParser().parse(file).get("Message-ID", "")
    except Refused:
        return ""
    return found.strip().strip("<>")


def _messages(maildir: str) -> Iterator[str]:
    for folder in [maildir, *folders_in(maildir)]:
        for part in _MESSAGES:
            yield from (f"{folder}/{part}/{name}" for name in names_in(f"{folder}/{part}"))


def _goal(address: str, snapshot: Snapshot, message_id: str = "") -> str:
    """Name of the new folder: importing twice would duplicate messages, so it holds none of them yet."""
    goal = "Restored-" + snapshot.shown.replace(":", "")
    inside = f"{goal}/*"
    if not _found(["mailbox", "list", "-u", address, goal, inside], f"{address} has no mailbox here to restore to"):
        return goal
    if not message_id:
        raise MailstackError(f"{address} has a folder {goal} already; rename or delete it first")
    # By a pattern: the folder itself may be there for those in it alone, and Dovecot 2.3 fails for one that is named.
    query = ["search", "-u", address, "mailbox", f"{goal}*", "header", "Message-ID", f"<{message_id}>"]
    if _found(query, f"{goal} of {address} cannot be searched"):
        raise MailstackError(f"{address} has this message in {goal} already")
    return goal


def _found(query: list[str], trouble: str) -> bool:
    result = run(["doveadm", *query], 60)
    if result.code != 0:
        raise MailstackError(trouble, result.words(3))
    return bool(result.out.strip())


def _import(address: str, maildir: str, where: str, goal: str, folder: str) -> None:
    owner = next((item.owner for item in items.declared("mail")), "vmail:vmail")
    own_tree(maildir, *numbers(owner, MAIL))
    # The folders above: anybody may pass through, only root may list them.
    path = maildir
    while path != where:
        path = os.path.dirname(path)
        set_ownership(path, 0, 0, 0o711)
    # The separator of the Maildir that is read, not that of the user's own mailboxes.
    query = ["mailbox", folder.replace("/", ".")] if folder else ["all"]
    must(
        ["doveadm", "import", "-u", address, f"maildir:{maildir}", goal, *query],
        f"the mail of {address} could not be put into {goal}",
        _IMPORT_SECONDS,
    )
