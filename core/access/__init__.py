"""Access tokens of the workspace: programs that are not a run of Chorus act on tasks with them, in their own name."""
