"""Which environment variables an agent's program gets. Pure."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase


def allowed(environ: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The variables whose names are listed; a listed name may end with `*`."""
    patterns = list(names)
    return {name: value for name, value in environ.items() if any(fnmatchcase(name, pattern) for pattern in patterns)}
