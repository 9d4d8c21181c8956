"""What Chorus keeps and tells: each entity's fields, declared once.

A declaration says a field's column, its key on the wire, what it holds and within which bounds, who may write it, and
whether an export carries it. Rows, wire text, marshmallow schemas, OpenAPI, If-Match, export, import and the page's
types come from it. Law: declarations only; the pure modules of common beside the schemas they become.
"""
