"""Names of files: which are closed to agents wherever they stand, and which read the same. Pure."""

import re
import unicodedata

DRAFT = ".chorus-{}.tmp"  # 32 hexadecimal digits
_DRAFT = re.compile(r"\.chorus-[0-9a-f]{32}\.tmp")
_OURS = re.compile(rf"(chorus|home|output)\.db([-.].*)?|chorus\.json|{_DRAFT.pattern}", re.IGNORECASE)


def is_ours(name: str) -> bool:
    """Whether Chorus keeps its workspaces in a file of this name (keys, tokens and grants), its locks, or a draft."""
    return _OURS.fullmatch(name) is not None


def is_draft(name: str) -> bool:
    """Whether it is the new content of a file that is being changed."""
    return _DRAFT.fullmatch(name) is not None


def composed(name: str) -> str:
    """The form in which names are compared: a letter with its marks is one character, where there is one.

    Some systems write it as one, others as several.
    """
    return unicodedata.normalize("NFC", name)
