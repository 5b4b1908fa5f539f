"""Commands that units and bundles run, with the parameters that the deployment chose; nobody types them."""

import socket
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from ..errors import MailstackError

Command = Callable[[str, Callable[[Namespace], int], str], ArgumentParser]


def add(command: Command) -> None:
    """Adds them to the command line."""

    def daemon(name: str, run: Callable[[Namespace], int], text: str) -> ArgumentParser:
        made = command(name, run, f"{text} (a daemon, started by its socket)")
        made.set_defaults(needs_root=False)
        return made

    made = daemon("login-policy", _login_policy, "answer the login server whether an account is locked out")
    made.add_argument("--failures", type=int, required=True, help="wrong passwords that lock an account")
    made.add_argument("--minutes", type=int, required=True, help="how long they are remembered and a lock lasts")
    made.add_argument("--trusted", action="append", default=[], help="network that is never locked out; repeatable")
    text = "refuse mail that would keep the spam filter busy, hand the rest to it"
    made = daemon("mail-guard", _mail_guard, text)
    made.add_argument("--filter-port", type=int, required=True, metavar="PORT", help="where its workers listen")
    daemon("senders", _senders, "answer the spam filter who may write as whom")
    made = daemon("mailbox-quota", _mailbox_quota, "answer Postfix whether the mailboxes behind an address have room")
    made.add_argument("--database", required=True, metavar="PATH", help="of the accounts")
    made.add_argument("--quota-status", required=True, metavar="SOCKET", help="where Dovecot answers for a mailbox")
    made = daemon("autoconfig", _autoconfig, "answer a mail program that sets itself up, on standard input")
    made.add_argument("--hostname", required=True, help="the mail server that it is to use")
    made.add_argument("--domain", action="append", required=True, help="a hosted domain; repeatable")

    made = command("mail-volume", _mail_volume, "mail on a volume: check it, or use it; called by `apply`")
    made.add_argument("what", choices=("check", "use"))
    made.add_argument("--device", required=True, metavar="PATH")
    made.add_argument("--size-gb", type=int, required=True, metavar="GB", help="its size, as the provider counts")
    made.add_argument("--mail", required=True, metavar="FOLDER")
    made.add_argument("--marker", required=True, metavar="PATH", help="there once all mail is on the volume")
    made = command("retry-deliveries", _retry_deliveries, "try again to deliver what waits for Dovecot, at its start")
    made.add_argument("--socket", required=True, metavar="NAME", help="where Postfix delivers, by its own name")
    made.add_argument("--postfix", required=True, metavar="UNIT", help="Postfix's unit")
    text = "wait until Rspamd listens, and make its processes share their patterns"
    made = command("rspamd-settle", _rspamd_settle, text)
    made.add_argument("--port", type=int, required=True)
    made.add_argument("--check", action="store_true", help="only tell whether it listens")
    made = command("clamav-check", _clamav_check, "whether the virus scanner answers and its signatures are new")
    made.add_argument("--socket", required=True, metavar="PATH")
    made.add_argument("--signatures", required=True, metavar="FOLDER")
    text = "let the daemons use the administrator's certificate, if it is good"
    made = command("existing-certificate", _existing_certificate, text)
    made.add_argument("--chain", required=True, metavar="FILE")
    made.add_argument("--key", required=True, metavar="FILE")
    made.add_argument("--name", action="append", required=True, help="it must be good for this name; repeatable")
    made.add_argument("--unit", action="append", default=[], help="it serves the certificate; repeatable")
    made.add_argument("--patient", action="store_true", help="the files are just being replaced")


def _login_policy(options: Namespace) -> int:
    from .login_policy_server import serve

    serve(options.failures, options.minutes, options.trusted)
    return 0


def _mail_guard(options: Namespace) -> int:
    from .mail_guard_server import serve

    serve(("127.0.0.1", options.filter_port))
    return 0


def _senders(_options: Namespace) -> int:
    from .senders_server import serve

    serve()
    return 0


def _mailbox_quota(options: Namespace) -> int:
    from .mailbox_quota import serve

    serve(options.database, options.quota_status)
    return 0


def _autoconfig(options: Namespace) -> int:
    from .autoconfig import serve

    serve(socket.socket(fileno=sys.stdin.fileno()), options.hostname, options.domain)
    return 0


def _mail_volume(options: Namespace) -> int:
    from .mail_volume import MailVolume
    from .volume_device import Device

    volume = MailVolume(Device(options.device), options.size_gb, options.mail, options.marker)
    if options.what == "check":
        volume.check()
    else:
        volume.use()
    return 0


def _retry_deliveries(options: Namespace) -> int:
    from .waiting_deliveries import retry

    retry(options.socket, options.postfix)
    return 0


def _rspamd_settle(options: Namespace) -> int:
    from .rspamd_settle import check, settle

    if options.check:
        check(options.port)
    else:
        settle(options.port)
    return 0


def _clamav_check(options: Namespace) -> int:
    """Its words are a line of `mailstack status`."""
    from .clamav_check import check

    try:
        print(check(options.socket, options.signatures))
    except MailstackError as error:
        print(error.message, file=sys.stderr)
        return error.exit_code
    return 0


def _existing_certificate(options: Namespace) -> int:
    from .existing_certificate import Existing, take, take_patiently

    wanted = Existing(options.chain, options.key, options.name, options.unit)
    if options.patient:
        take_patiently(wanted)
    else:
        take(wanted)
    return 0
