"""Names of agents and providers: what they may look like, and the one that is reserved."""

import marshmallow as ma
from marshmallow import validate

from common.errors import ValidationFailed
from common.fields.base import Text

NOT_CONFIGURED = "not-configured"
_PATTERN = r"\A(?!\.)[A-Za-z0-9._-]{1,64}\Z"


def check_name(name: str) -> str:
    """The name itself, where it comes from a path. Raises ValidationFailed with the field `name`."""
    try:
        name_field().deserialize(name)
    except ma.ValidationError as error:
        raise ValidationFailed("The name cannot be used.", fields={"name": error.messages}) from None
    return name


def name_field(description: str | None = None) -> Text:
    """1-64 letters, digits, `.`, `_` or `-`, not starting with `.`; `description` is told to agents."""
    metadata = {"description": description} if description else None
    return Text(required=True, validate=name_checks(), metadata=metadata)


def name_checks() -> list[validate.Validator]:
    """What a name must look like."""
    shape = validate.Regexp(_PATTERN, error="Use 1 to 64 letters, digits, '.', '_' or '-', not starting with '.'.")
    return [shape, validate.NoneOf([NOT_CONFIGURED], error=f"'{NOT_CONFIGURED}' is reserved.")]
