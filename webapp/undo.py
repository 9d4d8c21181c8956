"""Taking deletions back over HTTP."""

from typing import Any

from common.db.write import WriteTransaction
from common.schemas.task import RestoredSchema
from core.restore import restore
from webapp.api import Api

api = Api("undo")


@api.write("POST", "/api/undo/<token>", answer=RestoredSchema, errors=(404, 409))
def undo(tx: WriteTransaction, token: str) -> dict[str, Any]:
    """Put back what a DELETE took away, within 60 s."""
    deletion = restore(tx, token)
    return {"restored": deletion.kind, "taskId": deletion.task_id}
