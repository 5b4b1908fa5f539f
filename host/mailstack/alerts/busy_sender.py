"""The account that writes to the most recipients, against the limit at which Rspamd puts its mail off.

A stolen password is seen by its rate before anybody else sees it. Rspamd counts recipients in Redis, see
host/plugins/recipients.lua; what leaks out of a count since its last message is taken off here too.
"""

import re
import time

from ..errors import MailstackError
from ..paths import on_host
from ..programs import run

_SETTINGS = "/etc/rspamd/mailstack.d/recipients-settings"
_SOCKET = "/run/redis/redis-server.sock"
_PREFIX = "RL_user_"
_SECONDS = 10.0
_HOUR = 3600

_TOP = """
local now, limit, top, who = tonumber(ARGV[1]), tonumber(ARGV[2]), 0, ""
local cursor = "0"
repeat
  local page = redis.call("SCAN", cursor, "MATCH", ARGV[3] .. "*", "COUNT", "1000")
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    local had = redis.call("HMGET", key, "level", "at")
    local level = (tonumber(had[1]) or 0) - math.max(0, now - (tonumber(had[2]) or now)) * limit / 3600
    if level > top then top, who = level, key end
  end
until cursor == "0"
return {who, string.format("%.0f", top)}
"""


def busiest() -> tuple[float, str] | None:
    """How much of the hourly limit is used up, in percent, and the words for it; None where nobody counts."""
    try:
        with open(on_host(_SETTINGS), encoding="ascii") as file:
            found = re.search(r"\bper_hour = (\d+)", file.read())
    except FileNotFoundError:
        return None
    if found is None:
        raise MailstackError(f"{_SETTINGS} names no limit")
    limit = int(found.group(1))
    script = ["eval", _TOP, "0", f"{time.time():.0f}", str(limit), _PREFIX]
    answer = run(["redis-cli", "-s", on_host(_SOCKET), "--raw", *script], _SECONDS)
    lines = answer.out.splitlines()
    if answer.code != 0 or len(lines) != 2 or not lines[1].isdigit():
        # A check of its own says that Redis does not answer.
        return None
    number = int(lines[1])
    user = lines[0].removeprefix(_PREFIX)
    share = 100 * number / limit
    if not user:
        return 0.0, "nobody writes to many"
    return share, (
        f"{user} has written to {number} recipients within an hour, {share:.0f} % of the limit "
        f"(mailstack:userRecipientsPerHour); if that is not the user: `mailstack emergency hold {user}`"
    )
