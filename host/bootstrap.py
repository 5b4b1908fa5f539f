"""Installs the program mailstack on a host. Runs there as `python3 -c TEXT`; JSON {"files": {name: text}} on stdin.

Names are relative to host/mailstack, for example "apply.py" or "checks/smtp.py". The version is the digest of all of
them: LIB/DIGEST/mailstack/..., and the launcher names it. Every step is a rename of something complete, so a kill
leaves the old version working; the next run cleans up. The version before stays for programs that run it now.
This text holds no single quote, so that a shell can quote it. Prints {"version": DIGEST}.
"""

import compileall
import fcntl
import hashlib
import json
import os
import shutil
import sys

ROOT = os.environ.get("MAILSTACK_ROOT", "")
LIB, LAUNCHER = "/usr/local/lib/mailstack", ROOT + "/usr/local/sbin/mailstack"


def write(path: str, text: str, mode: int) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())


def complete(folder: str, files: dict[str, str]) -> bool:
    try:
        return all(open(f"{folder}/mailstack/{n}", encoding="utf-8").read() == t for n, t in files.items())
    except OSError:
        return False


files = json.load(sys.stdin)["files"]
if "__main__.py" not in files or any(n.startswith("/") or ".." in n or not n.endswith(".py") for n in files):
    sys.exit("mailstack bootstrap: standard input does not hold the program")
digest = hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()[:16]
lib, folder = ROOT + LIB, f"{ROOT}{LIB}/{digest}"
os.umask(0o022)
os.makedirs(lib, exist_ok=True)
lock = os.open(lib, os.O_RDONLY)
fcntl.flock(lock, fcntl.LOCK_EX)
before = os.path.realpath(lib + "/current")
if not complete(folder, files):
    new = f"{lib}/.new-{os.getpid()}"
    shutil.rmtree(new, ignore_errors=True)
    for name, text in files.items():
        write(f"{new}/mailstack/{name}", text, 0o644)
    if not compileall.compile_dir(new, quiet=1, stripdir=new, prependdir=f"{LIB}/{digest}"):
        sys.exit("mailstack bootstrap: the program does not compile with Python " + sys.version.split()[0])
    if os.path.lexists(folder):
        os.rename(folder, f"{lib}/.old-{os.getpid()}")
    os.rename(new, folder)
launcher = f"""#!/usr/bin/python3 -IS
import sys

sys.path.insert(0, "{ROOT}{LIB}/{digest}")
from mailstack.__main__ import main

sys.exit(main())
"""
os.makedirs(os.path.dirname(LAUNCHER), exist_ok=True)
if not os.path.exists(LAUNCHER) or open(LAUNCHER, encoding="utf-8").read() != launcher:
    write(LAUNCHER + ".new", launcher, 0o755)
    os.rename(LAUNCHER + ".new", LAUNCHER)
if before != os.path.realpath(folder):
    if os.path.lexists(lib + "/.link"):
        os.unlink(lib + "/.link")
    os.symlink(digest, lib + "/.link")
    os.rename(lib + "/.link", lib + "/current")
for name in os.listdir(lib):
    if name not in ("current", digest, os.path.basename(before)):
        shutil.rmtree(f"{lib}/{name}", ignore_errors=True)
os.sync()
print(json.dumps({"version": digest}))
