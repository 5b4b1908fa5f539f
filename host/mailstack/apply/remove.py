"""`mailstack remove SERVICE`: takes a service's files away; what was there before comes back. Packages stay."""

from ..progress import say
from . import journal, manifest, plan, recovery, units
from .apply import in_transaction
from .lock import Lock
from .steps import reached


def remove(service: str, lock_timeout: float) -> None:
    """Units that this service started are stopped; those that ran before run on with the old files."""
    with Lock(f"remove {service}", lock_timeout):
        recovery.repair()
        old = manifest.load(service)
        if old is None:
            say(f"{service} is not on this host")
            return
        changes = plan.make(service, {}, {}, {}, old)
        changed = changes.changed_paths()
        work = units.decide({}, old, changed)
        reached("planned")

        def steps() -> dict[str, str]:
            journal.advance("swapping", "units")
            reached("units")
            units.perform(work)
            reached("units-done")
            return {}

        in_transaction(service, changes, work, old, None, steps)
        say(f"{service} is removed")
