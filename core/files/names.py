"""Files that are closed to agents wherever they stand. Pure."""

import re

_OURS = re.compile(r"(chorus|home|output)\.db(-.*)?|chorus\.json", re.IGNORECASE)


def is_ours(name: str) -> bool:
    """Whether Chorus keeps its workspaces in a file of this name: keys, tokens and grants."""
    return _OURS.fullmatch(name) is not None
