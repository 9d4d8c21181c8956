"""`chorus.json`: the configuration in a form that people can read, edit and import. The database is the truth."""

import json
import logging
import os
from pathlib import Path
from typing import Any

CONFIG_FILE = "chorus.json"
log = logging.getLogger(__name__)


def path_of(folder: Path) -> Path:
    return folder / CONFIG_FILE


def text_of(form: dict[str, Any]) -> str:
    """The file's text for a wire WorkspaceConfig: without its version, indented for people."""
    kept = {key: value for key, value in form.items() if key != "version"}
    return json.dumps(kept, ensure_ascii=False, indent=2) + "\n"


def write(folder: Path, form: dict[str, Any]) -> None:
    """Replaces the file in one step: nobody ever reads half of it."""
    path = path_of(folder)
    making = path.with_name(f"{CONFIG_FILE}.{os.getpid()}.tmp")
    try:
        making.write_text(text_of(form))
        making.replace(path)
    except OSError:
        making.unlink(missing_ok=True)
        raise


def follow(folder: Path, form: dict[str, Any]) -> None:
    """Writes the file after the database, which is the truth: where it cannot be written, the change stands."""
    try:
        write(folder, form)
    except OSError as error:
        log.warning("%s could not be written: %s", path_of(folder), error.strerror)


def was_edited(folder: Path, form: dict[str, Any]) -> bool:
    """Whether somebody has changed the file since it was written from `form`; a missing file counts as changed."""
    try:
        return path_of(folder).read_text() != text_of(form)
    except OSError:
        return True
