"""Files and directories of ours, as the last deployment left them."""

from ..apply import manifest
from ..apply.verify import replaced
from .bad import refuse


def none(_name: str) -> str:
    """Nothing else stands in their place, and nobody else owns them. `mailstack verify` looks at contents too."""
    applied = manifest.load_all()
    found = [f"{path} {problem}" for each in applied for path, problem in replaced(each)]
    refuse(found)
    return f"{sum(len(each.directories) + len(each.files) for each in applied)} as deployed"
