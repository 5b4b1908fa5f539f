#!/usr/bin/python3
"""Answers the message on stdin, quoting its verdicts. Never answers an automatic message (RFC 3834)."""

import argparse
import email
import email.policy
import subprocess
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

QUOTED = ("Authentication-Results", "Received-SPF", "X-Peer-Session", "X-Exim-Results")


def main() -> None:
    """Sends one answer through Exim."""
    parser = argparse.ArgumentParser()
    for name in ("host", "from"):
        parser.add_argument(f"--{name}", required=True)
    options = vars(parser.parse_args())
    received = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
    automatic = received.get("Auto-Submitted", "no").strip().lower() != "no"
    sender = received.get("Return-Path", "").strip().strip("<>")
    if automatic or not sender:
        return
    answer = EmailMessage()
    answer["From"] = options["from"]
    answer["To"] = sender
    answer["Subject"] = f"Re: {received.get('Subject', '(no subject)')}"
    answer["Date"] = formatdate()
    answer["Message-ID"] = make_msgid(domain=options["host"])
    answer["Auto-Submitted"] = "auto-replied"
    if received["Message-ID"]:
        answer["In-Reply-To"] = received["Message-ID"]
        answer["References"] = received["Message-ID"]
    lines = [f"{name}: {value}" for name in QUOTED for value in received.get_all(name, [])]
    answer.set_content("Your message arrived.\n\n" + "\n".join(lines) + "\n", cte="8bit")
    subprocess.run(
        ["/usr/sbin/exim4", "-oi", "-f", options["from"], "--", sender],
        input=answer.as_bytes(),
        check=True,
    )


if __name__ == "__main__":
    main()
