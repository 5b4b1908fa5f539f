"""What looks at mail beside Rspamd, where the stack has it. Its bundle brings a program that knows how to ask."""

import os

from ..paths import on_host
from ..programs import run
from .bad import TIMEOUT, Bad

_PROGRAMS = "/usr/local/libexec/mailstack"


def antivirus(_name: str) -> str:
    """ClamAV answers, and its signatures are new enough."""
    return _ask(f"{_PROGRAMS}/clamav-check")


def spamassassin(_name: str) -> str:
    """SpamAssassin answers."""
    return _ask(f"{_PROGRAMS}/spamassassin-check")


def _ask(program: str) -> str:
    if not os.path.exists(on_host(program)):
        return "off"
    answer = run([program], TIMEOUT)
    if answer.code != 0:
        raise Bad(" ".join(answer.words(2)) or f"its check ended with {answer.code}")
    return answer.out.strip()
