"""The command line."""

import argparse
import json
import os
import sys

from . import steps
from .errors import MailstackError
from .lock import DEFAULT_TIMEOUT
from .talk import complain


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 failed and nothing is changed, 2 wrong usage, 3 drift, 128+n a signal."""
    options = _parser().parse_args(argv)
    try:
        if options.needs_root and os.geteuid() != 0:
            raise MailstackError("must run as root")
        os.umask(0o022)
        steps.catch_signals()
        return options.run(options)
    except MailstackError as error:
        complain(error.message, error.details)
        return error.exit_code
    except OSError as error:
        complain(f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else ""), [])
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mailstack", description=sys.modules[__package__].__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: object, text: str, parent: object = commands) -> argparse.ArgumentParser:
        made = parent.add_parser(name, help=text, description=text)  # type: ignore[attr-defined]
        made.set_defaults(run=run, needs_root=True)
        made.add_argument(
            "--lock-timeout",
            type=float,
            default=DEFAULT_TIMEOUT,
            metavar="SECONDS",
            help="how long to wait for another mailstack",
        )
        return made

    apply = command("apply", _apply, "Make the bundle on standard input true, or leave everything as it was.")
    apply.add_argument("service", nargs="?", help="the service's name, as in the bundle")
    apply.add_argument("--list-steps", action="store_true", help="list the steps at which tests can kill this command")
    return parser


def _print(value: object) -> None:
    print(json.dumps(value, sort_keys=True), flush=True)


def _apply(options: argparse.Namespace) -> int:
    if options.list_steps:
        for name, text in steps.STEPS.items():
            print(f"{name:15} {text}")
        return 0
    if not options.service:
        raise MailstackError("apply needs a service's name", exit_code=2)
    from .apply import apply

    _print(apply(options.service, sys.stdin.read(), options.lock_timeout))
    return 0


if __name__ == "__main__":
    sys.exit(main())
