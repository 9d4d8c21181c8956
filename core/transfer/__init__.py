"""Exports and imports: a workspace as JSON that people and other programs can read, without any secret.

An export has the layout of the folder that the original Chorus kept (docs/cli.md), with `export.json` and each task's
`runs.json` besides, so one importer takes both.
"""
