"""Sends letters of torture.py or of bombs.py by SMTP, and tells what was answered when.

Standard input is JSON: server, sender, to, and `kind`: "fuzz" with seed, numbers, sessions; or "bombs" with kinds.
"""

import json
import re
import smtplib
import sys
import threading
import time
from collections.abc import Iterable, Iterator

import bombs
import torture

job = json.load(sys.stdin)
answers, lock = {}, threading.Lock()


def wire(name: str, rest: bytes) -> bytes:
    """A whole message; what is found later is found by its Message-ID."""
    head = f"From: <{job['sender']}>\nTo: <{job['to']}>\nMessage-ID: <{name}>\nSubject: {job['subject']}\n"
    head += "Date: Wed, 25 Nov 2026 12:00:00 +0000\nMIME-Version: 1.0\n"
    return re.sub(rb"(?m)^\.", b"..", head.encode() + rest).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def connect() -> smtplib.SMTP:
    smtp = smtplib.SMTP(job["server"], 25, timeout=280)
    smtp.ehlo("mail.peer.example")
    return smtp


def send(smtp: smtplib.SMTP, name: str, message: bytes) -> bool:
    began = time.monotonic()
    code, words = smtp.mail(job["sender"])
    if code == 250:
        code, words = smtp.rcpt(job["to"])
    if code == 250:
        code, words = smtp.docmd("DATA")
    if code == 354:
        smtp.send(message + (b"" if message.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, words = smtp.getreply()
    ended = time.monotonic()
    with lock:
        answers[name] = {"code": code, "words": words.decode("utf-8", "replace"), "seconds": ended - began, "at": ended}
    return code == 250


def work(letters: Iterable[tuple[str, bytes]]) -> None:
    smtp = connect()
    for name, message in letters:
        try:
            # Postfix slows down and hangs up on who is refused often in one session.
            if not send(smtp, name, message):
                smtp.quit()
                smtp = connect()
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            with lock:
                answers[name] = {"code": 0, "words": repr(error), "seconds": 0, "at": time.monotonic()}
            smtp = connect()
    smtp.quit()


def fuzz(numbers: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    for number in numbers:
        name = f"{job['run']}.{number}@fuzz.example"
        yield name, wire(name, torture.letter(job["seed"], number))


def kinds(names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        word = re.sub(r"\W+", "-", name)
        yield name, wire(f"{job['run']}.{word}@bombs.example", {**bombs.REFUSED, **bombs.SLOW, **bombs.GOOD}[name])


def small(until: threading.Event):
    number = 0
    while not until.is_set():
        number += 1
        yield f"small {number}", wire(f"{job['run']}.small-{number}@bombs.example", b"\nA few words.\n")
        time.sleep(0.2)


if job["kind"] == "fuzz":
    lists = [fuzz(job["numbers"][each :: job["sessions"]]) for each in range(job["sessions"])]
else:
    lists = [kinds([kind]) for kind in job["kinds"]]
over = threading.Event()
threads = [threading.Thread(target=work, args=(letters,)) for letters in lists]
beside = threading.Thread(target=work, args=(small(over),))
if job["kind"] == "bombs":
    beside.start()
    time.sleep(1)
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
over.set()
if job["kind"] == "bombs":
    beside.join()
times = sorted(each["at"] for each in answers.values())
stall = max((after - before for before, after in zip(times, times[1:], strict=False)), default=0)
print(json.dumps({"answers": answers, "stall": stall}))
