"""What a service's bundle brings a program for, which knows how to ask the service."""

import os

from ..paths import on_host
from ..programs import run
from .bad import TIMEOUT, Bad


def ask(program: str) -> str:
    """What the program says; `off` where the stack does without the service."""
    path = f"/usr/local/libexec/mailstack/{program}"
    if not os.path.exists(on_host(path)):
        return "off"
    answer = run([path], TIMEOUT)
    if answer.code != 0:
        raise Bad(" ".join(answer.words(2)) or f"its check ended with {answer.code}")
    return answer.out.strip()
