"""Running a program as a user whom permissions hold back, also where the tests are run by root."""

import os

_CAPABILITIES = "-dac_override,-dac_read_search"  # what lets root pass by the permissions of files

HELD_BACK = (
    [] if os.getuid() else ["setpriv", f"--bounding-set={_CAPABILITIES}", f"--inh-caps={_CAPABILITIES}"]
)  # before a command
