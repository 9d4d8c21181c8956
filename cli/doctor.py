"""`chorus doctor`."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import click

from cli.checks import Finding, Level, database, home, network, problem, settings, versions
from cli.context import Context, pass_context
from cli.output import clean, echo_json, table
from cli.problem import FAILED
from common import record
from common.db import sqlite
from common.errors import StartRefused
from common.settings import Settings

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array of {level, subject, text}.")
@pass_context
def doctor_command(context: Context, as_json: bool) -> None:
    """Look at all that can be wrong: versions, settings, ports, database, attachments, servers, runner, proxy, disk.

    Each line is ok, a warning or a problem, with what to do. Nothing is changed. Exit status: 1 if there is a problem.
    """
    findings = []
    for finding in _findings(context):
        findings.append(finding)
        if not as_json:
            click.echo(_line(finding))
    if as_json:
        echo_json([finding._asdict() for finding in findings])
    if any(finding.level is Level.PROBLEM for finding in findings):
        raise click.exceptions.Exit(FAILED)


def _line(finding: Finding) -> str:
    [text] = table([(f"{finding.level:7}", f"{finding.subject:11}", clean(finding.text))])
    return click.style(text[:7], fg=_COLOURS[finding.level]) + text[7:]


def _findings(context: Context) -> Iterator[Finding]:
    try:
        found = context.settings
    except StartRefused as refusal:
        yield problem("settings", str(refusal))
        return
    yield from versions.check(found)
    served = home.is_served(found.home)
    placed = _placed(found, served)
    yield from settings.check(placed)
    yield from home.check(found.home)
    yield from database.check(found.home, sqlite.library(found.sqlite))
    yield from network.check_ports(placed, served)
    if served:
        yield home.runner(found.home)
        yield from network.check_server(record.url_of(found.home) or placed.api_url)
    if found.public_url and served:
        yield from network.check_proxy(found.public_url)


def _placed(found: Settings, served: bool) -> Settings:
    """The settings with the port that the server has, or would have."""
    url = record.url_of(found.home) if served else None
    own = database.port_of(found.home, sqlite.library(found.sqlite)) if (found.home / "home.db").exists() else None
    return replace(found, port=(urlsplit(url).port or 80) if url else own or found.port)
