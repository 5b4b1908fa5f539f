"""Port 25 for everybody, and the mail of one account."""

from ..accounts.user_commands import lock
from ..errors import MailstackError
from ..programs import must
from ..progress import say
from . import waiting

# Read by the master at a reload; `postconf -X` takes it out again.
_CLOSED = "master_service_disable"
_PORT_25 = "smtp/inet"


def close_25() -> None:
    """Other servers keep their mail and try again for days; users go on."""
    must(["postconf", "-e", f"{_CLOSED}={_PORT_25}"], "Postfix's configuration cannot be changed")
    must(["postfix", "reload"], "Postfix did not reload")
    say("port 25 is closed, also after a reboot; `mailstack emergency open-25` or the next change of Postfix opens it")


def open_25() -> None:
    """Nothing to do where it is open."""
    must(["postconf", "-X", _CLOSED], "Postfix's configuration cannot be changed")
    must(["postfix", "reload"], "Postfix did not reload")
    say("port 25 is open; what other servers have kept comes with their next try")


def hold(address: str) -> list[str]:
    """Locks the account, ends its sessions and holds what it has in the queue; the IDs of all of it."""
    lock(address, True)
    found = [each for each in waiting.messages() if each.login == address]
    held = [each.id for each in found if each.queue != waiting.HOLD]
    # Postfix may have finished one of them meanwhile, and says how many it found.
    if held:
        must(["postsuper", "-h", "-"], "messages could not be held", text="\n".join(held) + "\n")
    say(f"{address} is locked, {len(held)} more messages wait in the queue")
    return [each.id for each in found]


def release(address: str) -> list[str]:
    """Sends what was held. The account stays locked: its password has to be changed first."""
    found = [each.id for each in waiting.messages() if each.login == address and each.queue == waiting.HOLD]
    if not found:
        raise MailstackError(f"no message of {address} is held; `mailstack emergency queue` shows what waits")
    must(["postsuper", "-H", "-"], "messages could not be released", text="\n".join(found) + "\n")
    must(["postqueue", "-f"], "the queue could not be flushed")
    say(f"the account is as it was: `mailstack user set-password {address}` and `mailstack user unlock {address}`")
    return found
