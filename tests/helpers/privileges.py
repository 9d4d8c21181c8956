"""Running a program as a user whom permissions hold back, also where the tests are run by root."""

import os

_CAPABILITIES = "-dac_override,-dac_read_search"  # what lets root pass by the permissions of files
_WITHOUT = ["setpriv", f"--bounding-set={_CAPABILITIES}", f"--inh-caps={_CAPABILITIES}"]

HELD_BACK = [] if os.getuid() else _WITHOUT  # before a command
UNABLE_TO_KILL_OTHERS = ["setpriv", "--bounding-set=-kill", "--inh-caps=-kill"]  # root then kills its own only
