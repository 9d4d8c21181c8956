"""Providers: on what agents run. Keys are stored, used, and never shown again."""
