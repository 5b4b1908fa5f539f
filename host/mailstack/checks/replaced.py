"""Files and directories of ours, as the last deployment left them."""

from .. import manifest
from ..verify import replaced
from .bad import Bad


def none(_name: str) -> str:
    """Nothing else stands in their place, and nobody else owns them. `mailstack verify` looks at contents too."""
    count = 0
    for applied in manifest.load_all():
        found = replaced(applied)
        if found:
            raise Bad(f"{found[0][0]} {found[0][1]}; `mailstack verify` shows all")
        count += len(applied["directories"]) + len(applied["files"])
    return f"{count} as deployed"
