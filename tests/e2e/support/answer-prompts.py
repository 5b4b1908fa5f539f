"""Runs a program on a terminal and answers what it asks.

Standard input: JSON, {"command": [...], "answers": {words of the question: answer}}; each question is answered once.
A program that sets its terminal up throws away what was typed before, so an answer that nothing follows on the terminal
is typed again. Prints what the terminal shows; ends as the program does, or with 124 after five minutes.
"""

import json
import os
import pty
import select
import sys
import time

asked = json.load(sys.stdin)
waiting: dict[str, str] = asked["answers"]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(asked["command"][0], asked["command"])
shown = ""
answer = b""
end = time.monotonic() + 300
while time.monotonic() < end:
    if not select.select([terminal], [], [], 3)[0]:
        if answer:
            os.write(terminal, answer)
        continue
    try:
        data = os.read(terminal, 4096).decode(errors="replace")
    except OSError:  # Linux says EIO when the program has closed its side.
        break
    sys.stdout.write(data)
    shown += data
    answer = b""
    last = shown.rsplit("\n", 1)[-1]
    for question in [words for words in waiting if words in last]:
        answer = f"{waiting.pop(question)}\r".encode()
        os.write(terminal, answer)
        shown = ""
else:
    os.kill(pid, 9)
    sys.exit(124)
if waiting:
    sys.exit(f"never asked: {', '.join(waiting)}")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
