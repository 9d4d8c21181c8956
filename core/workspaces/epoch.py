"""When a log gets a new name. Pure.

A cursor `(epoch, seq)` is only worth something while `seq` can mean one thing. Whenever the numbers of a log could be
reused or could mean something else, its epoch is renewed and every page takes a snapshot. An old epoch never returns.
"""

from common.db.eventlog import Position
from common.db.home import HighWater


def must_renew(
    *, head: Position, inode: int, record: HighWater | None, vocabulary_changed: bool, switching: bool, fenced: bool
) -> bool:
    """Whether the log at `head`, found in the file `inode`, needs a new epoch before it is served.

    `record` is what we last saw of it (at most 1 s late): another file, another epoch, or a record ahead of the head
    means that somebody has put another file in its place, such as an older copy. `fenced`: it was left by a switch,
    perhaps by one that ended half-way.
    """
    if switching or vocabulary_changed or fenced:
        return True
    if record is None:
        return head.seq > 0  # a database of unknown past; a new one has given out no numbers yet
    return record.inode != inode or record.position.epoch != head.epoch or record.position.seq > head.seq
