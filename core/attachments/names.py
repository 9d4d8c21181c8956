"""File names and content types of attachments. Pure."""

import unicodedata

from common.errors import ValidationFailed
from core.files.names import composed

LONGEST_BYTES = 255

_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "json": "application/json",
    "csv": "text/csv",
    "html": "text/html",
}


def forms(filename: str) -> list[str]:
    """The ways in which a stored name may be written that reads like this one, the likeliest first."""
    return list(dict.fromkeys([composed(filename), filename, unicodedata.normalize("NFD", filename)]))


def content_type(filename: str) -> str:
    """By extension alone (contract B 2.8), case-insensitive."""
    return _TYPES.get(filename.rpartition(".")[2].lower(), "application/octet-stream")


def check_filename(filename: str) -> str:
    """The name in its composed form, if it can be one. Raises ValidationFailed with the field `filename`."""
    filename = composed(filename)
    problem = _problem(filename)
    if problem:
        raise ValidationFailed("The file name cannot be used.", fields={"filename": [problem]})
    return filename


def _problem(filename: str) -> str | None:
    if not filename:
        return "Must not be empty."
    if any("\ud800" <= character <= "\udfff" for character in filename):
        return "Must be valid Unicode."
    if len(filename.encode()) > LONGEST_BYTES:
        return f"Must be at most {LONGEST_BYTES} bytes."
    if filename == "." or ".." in filename or any(mark in filename for mark in "/\\"):
        return "Must not contain '/', '\\' or '..'."
    if any(ord(character) < 32 or ord(character) == 127 for character in filename):
        return "Must not contain control characters."
    return None
