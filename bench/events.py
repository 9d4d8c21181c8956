"""The payload: a `task_updated` event of 600 bytes, as the log holds it and as peers are given it."""

import json
import time

SIZE = 600  # bytes
TASK_ID = "0d22067b-9f69-4c3a-8472-798bfd7e8c4e"

_TASK = {
    "taskType": "descriptionOnly",
    "id": TASK_ID,
    "description": "sentNs=%019d %s",
    "status": {"type": "pending"},
    "createdAt": 1771200399918,
    "updatedAt": 1771200500000,
    "sessionId": None,
    "source": {"sourceType": "web", "userId": "anonymous", "conversationId": None},
    "attachments": [],
    "agentChain": [],
    "version": 1,
    "seq": 1,
    "truncated": [],
}
_FRAME = '{"type":"task_updated","seq":%d,"at":%d,"data":' + json.dumps(_TASK, separators=(",", ":")) + "}"


def frame(seq: int) -> str:
    """Event `seq` as JSON, stamped with the present time in ns where the generator looks for it."""
    sent_ns = time.time_ns()
    bare = _FRAME % (seq, sent_ns // 1_000_000, sent_ns, "")
    return _FRAME % (seq, sent_ns // 1_000_000, sent_ns, "x" * (SIZE - len(bare)))
