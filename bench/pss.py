"""Prints the proportional set size (KiB) of every systemd unit's processes, as JSON. Runs on the mail host."""

import json
import pathlib
import re

sizes = {}
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        groups = (process / "cgroup").read_text()
        memory = (process / "smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        continue
    pss = re.search(r"^Pss:\s+(\d+) kB", memory, re.M)
    unit = re.search(r"([^/\n]+\.(?:service|scope))(?:/|$)", groups, re.M)
    if pss:
        name = unit.group(1) if unit else "other"
        sizes[name] = sizes.get(name, 0) + int(pss.group(1))
print(json.dumps(sizes, sort_keys=True))
