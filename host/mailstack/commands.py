"""What each command does with its options; the work is imported when it is needed, to start fast."""

import json
import sys
from argparse import Namespace
from typing import Any

from .apply import steps
from .apply.lock import Busy, Lock
from .errors import MailstackError
from .progress import say


def say_result(value: Any) -> None:
    """The answer of a command on stdout: a text as it is, all else as JSON."""
    print(value if isinstance(value, str) else json.dumps(value, sort_keys=True), flush=True)


def apply(options: Namespace) -> int:
    """stdout: the service's outputs, which go into the deployment's state."""
    if options.list_steps:
        say_result("\n".join(f"{name:15} {text}" for name, text in steps.STEPS.items()))
        return 0
    if not options.service:
        raise MailstackError("apply needs a service's name", exit_code=2)
    from .apply.apply import apply as make_true
    from .deployers import remember

    remember()
    say_result(make_true(options.service, sys.stdin.read(), options.lock_timeout))
    return 0


def remove(options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .apply.remove import remove as take_away

    for service in options.services:
        take_away(service, options.lock_timeout)
    return 0


def dkim_make(options: Namespace) -> int:
    """Prints nothing on stdout. Called by `apply`, which holds the lock."""
    from .keys.dkim_keys import make

    make(options.keys)
    return 0


def dkim_record(options: Namespace) -> int:
    """stdout: the value, without quotes and in one piece."""
    from .keys.dkim_keys import record

    say_result(record(options.key))
    return 0


def dkim_show(options: Namespace) -> int:
    """stdout: the keys of each domain and what to do next, as text or JSON."""
    from .keys.dkim_report import as_text, report

    found = report()
    say_result(found if options.json else as_text(found))
    return 0


def firewall_arm(_options: Namespace) -> int:
    """Prints nothing on stdout. Called by `apply`, which holds the lock."""
    from .firewall import arm

    arm()
    return 0


def firewall_confirm(_options: Namespace) -> int:
    """Prints nothing on stdout."""
    from .firewall import confirm

    confirm()
    return 0


def firewall_rollback(options: Namespace) -> int:
    """Prints nothing on stdout. Does not wait for another command: whoever is locked out cannot end it."""
    from .firewall import rollback

    rollback(options.after_boot)
    return 0


def store_secrets(options: Namespace) -> int:
    """stdout: how many there are, nothing about them."""
    from .apply import recovery, secret_store

    raw = sys.stdin.read()
    with Lock("secrets", options.lock_timeout):
        recovery.repair()
        say_result({"secrets": secret_store.store(raw)})
    return 0


def install_packages(options: Namespace) -> int:
    """stdout: how many packages are there now of those asked for."""
    from .apply import packages, recovery
    from .apply.shapes import a_list, an_object, text

    try:
        data = json.load(sys.stdin)
    except ValueError as error:
        raise MailstackError(f"standard input is not JSON: {error}") from None
    texts = {key: lambda v, w: a_list(v, w, text) for key in ("packages", "debconf")}
    wanted = an_object(data, "packages", texts, required={"packages"})
    with Lock("packages", options.lock_timeout):
        recovery.repair()
        packages.ensure(wanted["packages"], wanted.get("debconf", []))
    say_result({"packages": len(wanted["packages"])})
    return 0


def first_upgrade(_options: Namespace) -> int:
    """Prints nothing on stdout. Called by `apply`, which holds the lock."""
    from .apply import manifest, packages

    # A host at work upgrades at night, when fewer people wait for a daemon that restarts.
    if not manifest.load_all():
        packages.upgrade_security()
    return 0


def verify(options: Namespace) -> int:
    """stdout: one line a difference, or a JSON list."""
    from .apply.verify import drift

    with Lock("verify", options.lock_timeout, handed_over=True):
        found = drift(options.services)
    if options.json:
        say_result(found)
    else:
        for entry in found:
            say_result(f"{entry['service']}: {entry['subject']} {entry['problem']}")
    return 3 if found else 0


def status(options: Namespace) -> int:
    """stdout: one line a check, or a JSON list."""
    from .status import look

    found = look(options.without)
    if options.json:
        say_result(found)
    else:
        for entry in found:
            mark = "BAD" if not entry["ok"] else "warn" if entry["warn"] else "ok"
            say_result(f"{mark:5}{entry['check']:16} {entry['detail']}")
    return 0 if all(entry["ok"] for entry in found) else 1


def outgoing(_options: Namespace) -> int:
    """stdout: when it was looked (seconds since 1970), and what is in the way of outgoing mail."""
    from .outgoing import look
    from .programs import run

    say_result(look(run(["postconf", "-h", "myhostname"], 3).out.strip()))
    return 0


def deliverability(options: Namespace) -> int:
    """stdout: one line a question, or a JSON list."""
    from dataclasses import asdict

    from .deliverability import BAD, look
    from .programs import run

    found = look(run(["postconf", "-h", "myhostname"], 3).out.strip())
    if options.json:
        say_result([asdict(each) for each in found])
    else:
        for each in found:
            say_result(f"{each.mark:5}{each.subject:40} {each.text}")
    return 1 if any(each.mark == BAD for each in found) else 0


def certificate(options: Namespace) -> int:
    """Prints nothing on stdout. `issue` is called by `apply`, which holds the lock."""
    from .keys import certificate as certificates
    from .keys.certbot import Order

    way = [f"--{options.authenticator}-credentials", options.credentials] if options.credentials else []
    if options.webroot:
        way = ["--webroot-path", options.webroot]
    about = (options.name, options.server, options.email, options.authenticator, way, options.keep_key, options.advice)
    wanted = certificates.Wanted(Order(*about), options.domain, options.webroot)
    if options.what == "issue":
        certificates.issue(wanted)
        return 0
    try:
        # A deployment may restart the unit that runs this, and waits for it: it must not wait for the deployment.
        with Lock("certificate", 0):
            certificates.renew(wanted)
    except Busy as busy:
        say(f"the certificate is looked at another time: {busy.message}")
    return 0


def is_near(options: Namespace) -> int:
    """Prints nothing. Ends with 0 for such a network, with 1 for a stranger's."""
    from .deployers import is_near as near

    return 0 if near(options.network) else 1


def dkim_prepare(_options: Namespace) -> int:
    """Prints nothing on stdout. Called by `apply`, which holds the lock."""
    from .keys.dkim import prepare

    prepare()
    return 0


def dkim_watch(_options: Namespace) -> int:
    """Prints nothing on stdout. Called by `apply`, which holds the lock."""
    from .keys.dkim import watch

    watch()
    return 0


def dkim_switch(options: Namespace) -> int:
    """stdout: nothing; standard error says which domain waits for what."""
    from .keys.dkim import switch, wanted
    from .progress import say

    with Lock("dkim", options.lock_timeout):
        for name in switch(options.wait):
            say(f"dkim: {name} waits until {wanted()[name].selector}._domainkey.{name} is in the DNS")
    return 0
