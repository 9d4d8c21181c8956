"""What every command starts from: the settings, the address that was given, and the server there."""

from dataclasses import dataclass
from functools import cached_property

import click

from cli.client import Client, find_url
from common.settings import Settings, load


@dataclass
class Context:
    """`url` is the option --url; None: find the server of CHORUS_HOME."""

    url: str | None = None

    @cached_property
    def settings(self) -> Settings:
        """Raises StartRefused for a setting that cannot be used."""
        return load()

    @cached_property
    def client(self) -> Client:
        return Client(find_url(self.url, self.settings))


pass_context = click.make_pass_decorator(Context, ensure=True)
