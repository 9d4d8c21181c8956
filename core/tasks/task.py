"""A task as the verbs see it, and its two forms as data: in full, and cut for the wire. Pure."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from common.entities import task as declared
from common.entities.task import TASK
from common.events import TaskStatus
from common.fields.parts import WITH_AGENT
from common.schemas.task import TaskSchema
from common.wire import dumps
from core.insights.rule import Place

_schema = TaskSchema()


@dataclass(frozen=True, kw_only=True)
class Task(declared.Task):
    """One task in full. `stored` is where its row has it, while `status` may be about to change."""

    stored: Place | None = None

    @cached_property
    def full_form(self) -> dict[str, Any]:
        """The wire Task with every text in full, as data for JSON."""
        form: dict[str, Any] = _schema.dump(TASK.values(self, TASK.sent()))
        return form

    def place(self, now: int) -> Place:
        """Where it is once it is stored at `now`."""
        stays = self.stored is not None and self.stored.status is self.status
        return Place(self.status, self.status_since if stays else now, self.archived_at is None)

    @property
    def has_plan(self) -> bool:
        return self.planned and bool(self.plan)

    def with_status(self, status: TaskStatus, *, agent: str | None = None, message: str | None = None) -> "Task":
        """The task in another state; an agent or message the state does not carry is dropped."""
        return replace(
            self,
            status=status,
            status_agent=agent if status in WITH_AGENT else None,
            status_message=(message or "") if status is TaskStatus.FAILED else None,
        )


def wire_text(task: Task) -> str:
    """The task as it is listed and pushed: JSON text with long texts cut and the cut fields named in `truncated`."""
    form, truncated = TASK.cut(task.full_form)
    return dumps(form | {"truncated": truncated})
