"""What agents may do with files, inside the allowed folders only.

A path is walked one component at a time by open directory descriptors, never checked first and opened later: whatever
is swapped meanwhile, no step leaves an allowed folder.
"""
