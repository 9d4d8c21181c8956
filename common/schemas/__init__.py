"""marshmallow schemas: what API requests, answers and pushed events look like, one file a kind."""
