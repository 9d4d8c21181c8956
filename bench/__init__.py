"""Measurements of what Chorus must reach (design.md 6), and of its peers under the same load.

Law: nothing here is imported by Chorus, nothing here is a test. Every measurement is bounded in time, listens on
127.0.0.1 only, ends the processes it started and no others, and prints one JSON line on stdout and one readable line on
stderr. The server under test has one core for itself; the generator and the publisher have the other.
"""
