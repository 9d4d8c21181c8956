"""Agents: who can work on tasks, with which instructions, tools and provider."""
