"""Attachments: a row in the database and a file in the workspace's `uploads/`.

The file comes first and the row second; on deletion the row goes first. So a row always has its file, and a file
without a row is invisible and swept.
"""
