"""`mailstack deliverability`: what large receivers look at before they let mail into an inbox, one line each."""

from concurrent.futures import ThreadPoolExecutor

from ..errors import MailstackError
from ..keys.dkim import wanted
from . import block_lists, host_names, sender_records
from .findings import BAD, OK, UNKNOWN, Finding, Question, Unanswered, own_addresses

_AT_ONCE = 8


def look(name: str) -> list[Finding]:
    """All of it. What gets no answer is neither good nor bad."""
    domains, addresses = sorted(wanted()), own_addresses(name)
    asked = [
        *host_names.questions(name, addresses),
        *(each for domain in domains for each in sender_records.questions(name, addresses, domain)),
        *block_lists.questions(addresses, [*domains, name]),
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_answer, asked))


def _answer(question: Question) -> Finding:
    try:
        return Finding(question.subject, OK, question.ask())
    except Unanswered as problem:
        return Finding(question.subject, UNKNOWN, problem.message)
    except MailstackError as problem:
        return Finding(question.subject, BAD, problem.message)
