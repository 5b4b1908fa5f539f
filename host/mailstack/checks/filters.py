"""What looks at mail beside Rspamd, where the stack has it."""

from .bundled import ask


def antivirus(_name: str) -> str:
    """ClamAV answers, and its signatures are new enough."""
    return ask("clamav-check")


def spamassassin(_name: str) -> str:
    """SpamAssassin answers."""
    return ask("spamassassin-check")
