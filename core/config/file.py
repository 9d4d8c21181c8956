"""`chorus.json`: the configuration in a form that people can read, edit and import. The database is the truth."""

import json
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import marshmallow as ma

from common.db.effects import Effect
from common.errors import ValidationFailed
from common.files import replacing
from common.schemas.workspace import WriteConfigSchema
from common.storage import storing

CONFIG_FILE = "chorus.json"
LARGEST_BYTES = 1024 * 1024
_schema = WriteConfigSchema()
log = logging.getLogger(__name__)


def path_of(folder: Path) -> Path:
    return folder / CONFIG_FILE


def text_of(form: dict[str, Any]) -> str:
    """The file's text for a wire WorkspaceConfig: without its version, indented for people."""
    kept = {key: value for key, value in form.items() if key != "version"}
    return json.dumps(kept, ensure_ascii=False, indent=2) + "\n"


def write(folder: Path, form: dict[str, Any]) -> None:
    """Replaces the file in one step: nobody ever reads half of it."""
    with replacing(path_of(folder)) as file:
        file.write(text_of(form).encode())


def replacement(folder: Path, form: dict[str, Any], former: Path) -> Effect:
    """`write` as an effect of a transaction. `former` is a free name, for what the file holds until then."""
    path = path_of(folder)
    was_there = path.exists()

    def act() -> None:
        with storing():
            with suppress(OSError):  # a disk without hard links: then it cannot be taken back
                os.link(path, former)
            write(folder, form)

    def take_back() -> None:
        if was_there:
            former.replace(path)
        else:
            path.unlink()

    return Effect(act, take_back, f"{CONFIG_FILE} was written anew.")


def follow(folder: Path, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Writes what the database says now, unless somebody has edited the file: a person chooses then."""
    if not path_of(folder).exists() or not was_edited(folder, before):
        write_if_possible(folder, after)


def write_if_possible(folder: Path, form: dict[str, Any]) -> None:
    """Replaces the file after a commit. The database is the truth: where it cannot be written, the change stands."""
    try:
        write(folder, form)
    except OSError as error:
        log.warning("%s could not be written: %s", path_of(folder), error.strerror)


def read(folder: Path) -> dict[str, Any]:
    """The configuration that the file holds, as a request would send it. Raises ValidationFailed, saying what is wrong.

    Whether its values fit the workspace is not checked here.
    """
    try:
        raw = path_of(folder).read_bytes()[: LARGEST_BYTES + 1]
        if len(raw) > LARGEST_BYTES:
            raise ValueError("it is larger than 1 MiB")
        values: dict[str, Any] = _schema.load(json.loads(raw.decode(json.detect_encoding(raw))))
    except OSError as error:
        raise ValidationFailed(f"{CONFIG_FILE} cannot be read: {error.strerror}.") from None
    except ma.ValidationError as error:
        raise ValidationFailed(f"{CONFIG_FILE} is no configuration.", fields=error.messages_dict) from None
    except (ValueError, RecursionError) as error:
        raise ValidationFailed(f"{CONFIG_FILE} is not JSON: {error}.") from None
    return values


def was_edited(folder: Path, form: dict[str, Any]) -> bool:
    """Whether somebody has changed the file since it was written from `form`; a missing file counts as changed."""
    try:
        return path_of(folder).read_bytes() != text_of(form).encode()
    except OSError:
        return True
