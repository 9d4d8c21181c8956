"""What agents are told: the planner's prompt, and the prompt of a task with a plan. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.tasks.task import Task

NO_ANSWER = "(no answer)"


def planner_prompt(task: Task, agents: Iterable[Mapping[str, Any]]) -> str:
    """The description, the answers given so far, and who can be assigned."""
    parts = [task.description]
    if task.questions:
        parts.append("## Clarifying questions and answers\n\n" + "\n\n".join(map(_answered, task.questions)))
    described = [f"- {agent['name']}: {_first_line(agent['instructions'])}" for agent in agents]
    if described:
        parts.append("## Agents that can be assigned\n\n" + "\n".join(described))
    return "\n\n".join(parts)


def _answered(question: Mapping[str, Any]) -> str:
    return f"Q: {question['question']}\nA: {question['answer'] or NO_ANSWER}"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].strip("# ")
