"""The command line."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import TypeAlias

from . import commands
from .accounts import mailbox_commands
from .alerts import commands as alert_commands
from .apply import steps
from .apply.lock import DEFAULT_TIMEOUT
from .backup import commands as backup_commands
from .daemons import commands as daemon_commands
from .emergency import commands as emergency_commands
from .errors import MailstackError
from .progress import complain

_TEXT = "Makes what a deployment declares true on this mail host, and tells whether it works."
_CODES = (
    "Exit codes: 0 done; 1 failed, nothing is changed; 2 wrong usage; 3 drift; 4 the old password is wrong; "
    "5 the new password is refused, standard error says why; 128+n ended by signal n."
)


Run = Callable[[argparse.Namespace], int]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(argv: list[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    options = parser().parse_args(argv)
    try:
        if os.geteuid() != 0 and options.needs_root:
            raise MailstackError("must run as root")
        os.umask(0o022)
        if options.needs_root:
            # A daemon that is told to end has nothing to put back.
            steps.catch_signals()
        return options.run(options)
    except MailstackError as error:
        complain(error.message, error.details)
        return error.exit_code
    except OSError as error:
        complain(f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else ""), [])
        return 1


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = argparse.ArgumentParser(prog="mailstack", description=_TEXT, epilog=_CODES)
    top_commands = top.add_subparsers(metavar="COMMAND", required=True)

    def command(where: Commands, name: str, run: Run | None, text: str) -> argparse.ArgumentParser:
        made = where.add_parser(name, help=text, description=text, epilog=_CODES)
        made.set_defaults(run=run, needs_root=True)
        return made

    def changes(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
        text = f"how long to wait for another mailstack (default {DEFAULT_TIMEOUT:g})"
        made.add_argument("--lock-timeout", type=float, default=DEFAULT_TIMEOUT, metavar="SECONDS", help=text)
        return made

    def as_json(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made.add_argument("--json", action="store_true", help="for programs")
        return made

    text = "make the bundle (JSON) on standard input true, or leave everything as it was"
    made = changes(command(top_commands, "apply", commands.apply, text))
    made.add_argument("service", nargs="?", help="the service's name, as in the bundle")
    made.add_argument("--list-steps", action="store_true", help="list the steps at which a test can kill this command")
    text = "take services' files away; what was there before comes back, packages stay"
    changes(command(top_commands, "remove", commands.remove, text)).add_argument(
        "services", nargs="+", metavar="SERVICE"
    )
    text = "make the host's secrets exactly those on standard input (JSON: name, value)"
    changes(command(top_commands, "secrets", commands.store_secrets, text))
    text = 'install what is missing of {"packages": [...], "debconf": [...]} on standard input'
    changes(command(top_commands, "packages", commands.install_packages, text))
    text = "install the open security updates of a host that nothing was deployed to yet"
    command(top_commands, "first-upgrade", commands.first_upgrade, text)
    text = "tell what is not as the last apply left it; exit code 3 if anything"
    made = changes(as_json(command(top_commands, "verify", commands.verify, text)))
    made.add_argument("services", nargs="*", metavar="SERVICE", help="only these")
    made = as_json(command(top_commands, "status", commands.status, "test the services as their users meet them"))
    made.add_argument("--without", action="append", default=[], metavar="CHECK", help="leave this one out")
    text = "for a deployment: tell what is in the way of outgoing mail"
    command(top_commands, "outgoing", commands.outgoing, text)
    text = "ask what large receivers ask before they let mail into an inbox"
    as_json(command(top_commands, "deliverability", commands.deliverability, text))
    text = "tell which keys sign mail, whether the DNS shows them, and what to do next"
    keys = as_json(command(top_commands, "dkim", commands.dkim_show, text)).add_subparsers(metavar="COMMAND")
    made = command(keys, "make", commands.dkim_make, "make the missing ones, and keep what is there")
    made.add_argument("keys", nargs="*", metavar="PATH")
    command(keys, "record", commands.dkim_record, "print the value of a key's DNS record").add_argument("key")
    command(keys, "prepare", commands.dkim_prepare, "choose who signs, before missing keys are made")
    command(keys, "watch", commands.dkim_watch, "look for the records of new keys from time to time, if any waits")
    text = "let new keys sign whose record is in the DNS"
    made = changes(command(keys, "switch", commands.dkim_switch, text))
    made.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="how long to wait for records")
    rules = command(top_commands, "firewall", None, "the host's firewall and its trial").add_subparsers(
        metavar="COMMAND", required=True
    )
    command(rules, "arm", commands.firewall_arm, "put new rules on trial; without a confirmation the former come back")
    text = "end the trial: called by a new SSH connection, it shows that the rules let the deployer in"
    command(rules, "confirm", commands.firewall_confirm, text)
    made = command(rules, "rollback", commands.firewall_rollback, "put back the former rules, if new ones are on trial")
    made.add_argument("--after-boot", action="store_true", help="only if the trial began before this boot")
    users = command(top_commands, "user", None, "look after one mailbox").add_subparsers(
        metavar="COMMAND", required=True
    )
    as_json(command(users, "list", mailbox_commands.user_list, "all users, without passwords"))
    text = "print the generated password of a user who has not changed it yet"
    command(users, "initial-password", mailbox_commands.user_initial_password, text).add_argument("address")
    text = "set the password that stands on standard input"
    changes(command(users, "set-password", mailbox_commands.user_set_password, text)).add_argument("address")
    text = "for a user's own program: the old password and the new one, a line each, stand on standard input"
    command(users, "change-password", mailbox_commands.user_change_password, text).add_argument("address")
    text = "for the webmail: one password change in poppassd's protocol on standard input and output"
    command(users, "poppassd", mailbox_commands.user_poppassd, text)
    text = "no login and no sending until `unlock`; mail still arrives, and no deployment changes it"
    changes(command(users, "lock", mailbox_commands.user_lock, text)).add_argument("address")
    text = "end a lock, and what too many wrong passwords have shut out"
    changes(command(users, "unlock", mailbox_commands.user_unlock, text)).add_argument("address")
    apps = command(users, "app-password", None, "passwords of single devices").add_subparsers(
        metavar="COMMAND", required=True
    )
    made = changes(command(apps, "add", mailbox_commands.app_password_add, "print a new password, once"))
    made.add_argument("address")
    made.add_argument("name", help="of the device")
    as_json(command(apps, "list", mailbox_commands.app_password_list, "their names")).add_argument("address")
    made = changes(
        command(apps, "revoke", mailbox_commands.app_password_revoke, "take one back and end the user's sessions")
    )
    made.add_argument("address")
    made.add_argument("name")
    made = changes(command(users, "purge", mailbox_commands.user_purge, "delete the mail of a removed user for ever"))
    made.add_argument("address")
    made.add_argument("--yes", action="store_true", help="really")
    text = "get the host's certificate (a program of the stack's calls it with all options)"
    made = command(top_commands, "certificate", commands.certificate, text)
    made.add_argument("what", choices=("issue", "renew"), help="now, or when it is time")
    for option, about in (
        ("name", "the host's own name, which is never left out"),
        ("server", "the authority's directory URL"),
        ("email", "the account's contact"),
        ("authenticator", "certbot's plugin"),
        ("advice", "what to do about a name that was refused"),
    ):
        made.add_argument(f"--{option}", required=True, help=about)
    made.add_argument("--webroot", default="", metavar="FOLDER", help="for the authenticator webroot")
    made.add_argument("--credentials", default="", metavar="FILE", help="for the other authenticators")
    made.add_argument("--keep-key", action="store_true", help="renew with the same key")
    made.add_argument("--domain", action="append", required=True, metavar="NAME", help="a name for the certificate")
    text = "for a deployment: what was made while a dot separated folders is found by its new name; done once"
    command(top_commands, "folder-names", mailbox_commands.folder_names, text)
    backup_commands.add(top_commands, command, as_json)
    emergency_commands.add(top_commands, command, as_json)
    alert_commands.add(top_commands, command, as_json)
    text = "for fail2ban: whether this host, or one who deployed it, has an address in a /64"
    made = command(top_commands, "is-near", commands.is_near, text)
    made.add_argument("network", help="the first half of its addresses, as fail2ban's filter finds it")
    daemon_commands.add(lambda name, run, text: command(top_commands, name, run, text))
    return top


if __name__ == "__main__":
    sys.exit(main())
