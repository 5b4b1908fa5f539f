"""The host's certificate by ACME: all names that lead here, in one.

A name that is lost, or does not lead here yet, is left out instead of stopping the others. It is asked for again when
it leads here, which this host sees by itself: the authority counts what it refuses. The host's own name is never left
out.
"""

import glob
import json
import os
import re
import secrets
import time
import urllib.request
from dataclasses import dataclass
from typing import Any

from ..atomic_file import as_json, replace
from ..errors import MailstackError
from ..paths import STATE, on_host
from ..programs import must, run
from ..progress import say
from ..safe_path import make_directories, remove, remove_tree, rename, symlink
from .certbot import Answer, Order, order

# What was asked for and what was refused, for `mailstack status` and the next look.
RECORD = STATE + "/certificate.json"
FOLDER = "/etc/ssl/mailstack"
_HOOK = "/etc/letsencrypt/renewal-hooks/deploy/mailstack"
_RENEWAL = "/etc/letsencrypt/renewal/{}.conf"
# Names to leave out come to light one after the other at most so often.
_TRIES = 3
_DAY = 86400
_SECONDS = 10


@dataclass(frozen=True)
class Wanted:
    """What the stack asks for."""

    order: Order
    # With the host's own, or a wildcard for it.
    names: list[str]
    # Where nginx shows files to the authority; empty where names are proven by DNS records, which nobody here can try.
    webroot: str = ""


def issue(wanted: Wanted) -> None:
    """For a deployment: asks for every name. Raises when the host's own cannot be had."""
    _get(wanted, wanted.names, _is_of_another_kind(wanted.order))


def renew(wanted: Wanted) -> None:
    """Twice a day: renews in time, and asks again for names that were left out and lead here now."""
    have = certified(f"/etc/letsencrypt/live/{wanted.order.name}/fullchain.pem")
    missing = [name for name in wanted.names if not covers(have, name)]
    refused: dict[str, float] = record().get("refused", {})
    rested = [name for name in missing if time.time() - refused.get(name, 0) > _DAY]
    back = [name for name in rested if not wanted.webroot or leads_here(name, wanted.webroot)]
    due = _is_due(wanted.order.name)
    if not due and not back:
        return
    names = [name for name in wanted.names if not have or name in back or covers(have, name)]
    try:
        _get(wanted, names, due)
    except MailstackError as error:
        # The one that is there is good for a while, and `status` names what it lacks.
        if due:
            raise
        say(f"certificate: {error.message}")


def _get(wanted: Wanted, names: list[str], force: bool) -> None:
    own = wanted.order.name
    now, left_out = time.time(), {name: when for name, when in record().get("refused", {}).items() if name not in names}
    for tries in range(_TRIES, 0, -1):
        answer = order(wanted.order, names, force)
        if answer.ok:
            break
        refused = answer.refused(names)
        rest = [name for name in names if name not in refused]
        if not refused or not covers(rest, own) or tries == 1:
            raise _failure(answer, refused, wanted.order.advice)
        for name in refused:
            say(f"certificate: {name} is left out, the authority does not find it here")
        left_out |= dict.fromkeys(refused, now)
        names = rest
    # Before anything that may fail: the next look must not ask for the same again.
    left_out = {name: when for name, when in left_out.items() if name in wanted.names}
    replace(on_host(RECORD), as_json({"wanted": wanted.names, "refused": left_out}), 0o644)
    _leave_renewal_to_us(wanted.order)
    _serve(own)


def _failure(answer: Answer, refused: set[str], advice: str) -> MailstackError:
    first, words = answer.explain(refused, advice)
    kept = "Every daemon keeps the certificate that it has. Fix this, then run `pulumi up` again."
    return MailstackError(first, [kept, *words])


def _serve(name: str) -> None:
    new, live = on_host(f"{FOLDER}/live.new"), on_host(f"{FOLDER}/live")
    remove(new)
    symlink(f"/etc/letsencrypt/live/{name}", new)
    rename(new, live)
    must([on_host(_HOOK)], "certificate")
    # What another way to get a certificate left.
    for folder in glob.glob(on_host(f"{FOLDER}/existing.*")):
        remove_tree(folder)


def _settings_file(name: str) -> str:
    return on_host(_RENEWAL.format(name))


def _is_of_another_kind(what: Order) -> bool:
    """Certbot keeps a certificate of another authority (a test one, say), or another way to renew, until it ends."""
    path = _settings_file(what.name)
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    wanted = [f"server = {what.server}", f"authenticator = {what.authenticator}"]
    return not {*wanted, *(["reuse_key = True"] if what.keep_key else [])} <= set(lines)


def _leave_renewal_to_us(what: Order) -> None:
    """Certbot's own timer would ask for the lost names too, and fail. By hand, `certbot renew` leaves them out."""
    path = _settings_file(what.name)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    # Certbot refuses to leave out names beside wildcards.
    subset = ["allow_subset_of_names = True"] if what.authenticator == "webroot" else []
    others = re.sub(r"^(autorenew|allow_subset_of_names) = .*\n", "", text, flags=re.MULTILINE)
    changed = others.replace("[renewalparams]\n", "\n".join(["[renewalparams]", "autorenew = False", *subset, ""]))
    if changed != text:
        replace(path, changed.encode(), 0o644)


def _is_due(name: str) -> bool:
    """A third of its time is left, whatever its authority calls a long time; or nobody can read it."""
    path = on_host(f"/etc/letsencrypt/live/{name}/fullchain.pem")
    dates = run(["openssl", "x509", "-noout", "-startdate", "-enddate", "-dateopt", "iso_8601", "-in", path]).out
    times = [
        time.mktime(time.strptime(text, "%Y-%m-%d %H:%M:%SZ")) - time.timezone for text in re.findall("=(.*)", dates)
    ]
    if len(times) != 2:
        return True
    return is_old(*times)


def is_old(starts: float, ends: float) -> bool:
    """Less than a third of the time is left: 30 days of 90."""
    return ends - time.time() < (ends - starts) / 3


def certified(path: str) -> list[str]:
    """The names that a certificate is good for; none where there is no certificate."""
    shown = run(["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", on_host(path)]).out
    return re.findall(r"DNS:([^,\s]+)", shown)


def covers(names: list[str], name: str) -> bool:
    """A wildcard is for one label (RFC 6125, section 6.4.3)."""
    return name in names or f"*.{name.partition('.')[2]}" in names


def leads_here(name: str, webroot: str) -> bool:
    """Looks as the authority does: a file on port 80 (RFC 8555, section 8.3)."""
    token = f"mailstack-{secrets.token_hex(16)}"
    folder = on_host(f"{webroot}/.well-known/acme-challenge")
    # Another one in tests only.
    port = os.environ.get("MAILSTACK_HTTP_PORT", "80")
    make_directories(folder)
    path = os.path.join(folder, token)
    replace(path, token.encode(), 0o644)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://{name}:{port}/.well-known/acme-challenge/{token}", timeout=_SECONDS) as answer:
            return bool(answer.read(len(token) + 1) == token.encode())
    except (OSError, ValueError):
        return False
    finally:
        remove(path)


def record() -> dict[str, Any]:
    """What the last order was about; empty before the first."""
    try:
        with open(on_host(RECORD), encoding="utf-8") as file:
            kept: dict[str, Any] = json.load(file)
    except FileNotFoundError:
        return {}
    return kept
