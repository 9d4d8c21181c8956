"""Insights: what the daily counters count, and what is read from them."""
