"""All providers by the type that the workspace stores. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from common.entities.provider import CLAUDE_CODE, OPENAI_COMPAT, OPENCODE
from runner.providers import Job, Launch, Output, claude_code, openai_compat, opencode


class Provider(NamedTuple):
    """`install` is what to do where the program is missing.

    `versioned` names the program whose version `launch` must know to resume a session.
    """

    launch: Callable[[Job], Launch]
    output: Callable[[], Output]
    install: str
    versioned: str = ""


PROVIDERS = {
    CLAUDE_CODE: Provider(claude_code.launch, claude_code.Output, claude_code.INSTALL, claude_code.PROGRAM),
    OPENCODE: Provider(opencode.launch, opencode.Output, opencode.INSTALL),
    OPENAI_COMPAT: Provider(openai_compat.launch, openai_compat.Output, ""),
}
