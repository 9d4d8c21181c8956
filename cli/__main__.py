"""`python -m cli`, started by the script `chorus`."""

from cli.main import chorus

chorus(prog_name="chorus")
