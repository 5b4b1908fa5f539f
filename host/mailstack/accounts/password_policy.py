"""Which passwords a person may choose: long enough, and not what a program guesses first.

The strength is the cheapest way to put the password together from what guessing programs try: known stems, words,
years, runs on the keyboard, repetitions, single characters. It is counted in bits: each bit doubles the guesses.
"""

import math
import re

from ..errors import MailstackError
from ..paths import on_host
from .common_passwords import STEMS

# The specification's shortest (2.4); crypt(3) itself ends at 256 bytes.
SHORTEST, LONGEST = 12, 128
# 10^11 guesses: years at what the lockout of accounts lets through, a day for a thief of the hashes.
BITS = 37.0
# Exit code of a password that the policy refuses, so that a caller can show the message to its user.
REFUSED = 5

_WORDS = "/usr/share/dict/cracklib-small"
_LONGEST_WORD = 24
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm")
_RUNS += ("yxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujm", "!@#$%^&*()")
_LEET = [str.maketrans("@430$57!1|", "aaeosstiii"), str.maketrans("@430$57!1|", "aaeosstlll")]
_YEAR = re.compile(r"19[4-9]\d|20[0-4]\d")


def check(password: str, address: str) -> None:
    """Raises, in words for the user, when this password may not be set for the address."""
    if len(password) < SHORTEST or len(password.encode()) > LONGEST:
        raise _refused(f"a password needs {SHORTEST} characters or more, and at most {LONGEST} bytes")
    if not password.isprintable():
        raise _refused("a password must not hold control characters")
    if strength(password, _names(address)) < BITS:
        raise _refused("this password is easy to guess; take four words that nobody would put together")


def strength(password: str, names: frozenset[str] = frozenset()) -> float:
    """Bits of the cheapest way to guess it. `names` are known to every attacker: the address, its parts."""
    words, plain = _words(), password.lower()
    texts = {plain, *(plain.translate(table) for table in _LEET)}
    best = [0.0] + [math.inf] * len(plain)
    for end in range(1, len(plain) + 1):
        best[end] = best[end - 1] + _character(password[end - 1])
        for start in range(end - 1):
            part = plain[start:end]
            costs = [_run(part), _repetition(part)]
            if end - start <= _LONGEST_WORD:
                costs += [_word(text[start:end], words, names) for text in texts]
            capitals = 0 if password[start:end] == part else 1
            best[end] = min(best[end], best[start] + min(costs) + capitals)
    return best[-1]


def _word(part: str, words: frozenset[str], names: frozenset[str]) -> float:
    if part in names:
        return 1
    if part in STEMS or _YEAR.fullmatch(part):
        return 7
    return 14 if part in words else math.inf


def _run(part: str) -> float:
    if len(part) > 2 and any(part in run or part[::-1] in run for run in _RUNS):
        return 4 + math.log2(len(part))
    return math.inf


def _repetition(part: str) -> float:
    """`aaaa`, `x7x7x7`: the first piece and how often."""
    at = (part + part).find(part, 1)
    if at == len(part):
        return math.inf
    return sum(_character(letter) for letter in part[:at]) + math.log2(len(part) / at)


def _character(letter: str) -> float:
    if letter == " ":
        return 2
    if letter.isdigit():
        return 3.3
    return 4.7 if letter.isalpha() else 5


def _names(address: str) -> frozenset[str]:
    """The address and its parts of three letters or more."""
    parts = [address, *address.split("@"), *re.split(r"[@._+-]", address)]
    return frozenset(part for part in parts if len(part) > 2)


def _words() -> frozenset[str]:
    """Fails without the list: a missing package must not make the policy weaker."""
    with open(on_host(_WORDS), encoding="utf-8", errors="replace") as file:
        return frozenset(word for word in file.read().lower().split() if len(word) > 2)


def _refused(text: str) -> MailstackError:
    return MailstackError(text, exit_code=REFUSED)
