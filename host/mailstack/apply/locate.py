"""Finds the file and line that a validator complains about."""

import re

# nginx, unbound: /etc/x.conf:12   dovecot, sshd, rspamd: /etc/x.conf line 12   postfix: /etc/postfix/main.cf, line 12
_PLACES = re.compile(r"(/[A-Za-z0-9_@.+/-]+?)[\"')]*(?::(\d+)|[,:]? (?:at )?line:? (\d+))")
# Shorter lines ("}") are found in any message.
_SHORTEST_LINE = 6


def locate(words: list[str], files: dict[str, str]) -> str | None:
    """`/path:line`, or `/path`, or nothing. `files`: the bundle's texts by path.

    Where the validator names no place (Redis, many messages of Postfix) but quotes the line, the line is looked for.
    """
    said = "\n".join(words)
    for match in _PLACES.finditer(said):
        if match.group(1) in files:
            return f"{match.group(1)}:{match.group(2) or match.group(3)}"
    squeezed = re.sub(r"\s", "", said)
    best: tuple[int, str] | None = None
    for path, content in files.items():
        for number, line in enumerate(content.splitlines(), 1):
            plain = re.sub(r"\s", "", line)
            if len(plain) < _SHORTEST_LINE or plain.startswith(("#", ";", "//")) or plain not in squeezed:
                continue
            if best is None or len(plain) > best[0]:
                best = (len(plain), f"{path}:{number}")
    if best:
        return best[1]
    return next((path for path in files if path in said), None)
