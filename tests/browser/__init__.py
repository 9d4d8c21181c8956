"""Whole journeys in Chromium against the whole server. Two browsers are two users: Anna acts, Ben watches."""
