"""Writing what agents say into `output.db`: numbered, gathered, bounded. Reading it is common/db/output.py's."""
