"""What agents are told: the planner's prompt, what goes before every agent's instructions, and reminders. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from common.entities.run import PLANNER
from core.tasks.task import Task

NO_ANSWER = "(no answer)"
CONTINUE = (
    "You were interrupted before this work was finished. Look at what is there already, and go on with it to its end."
)
_OBLIGATION = {
    PLANNER: (
        "## How you answer\n\nYou work on a task of Chorus, a board that people watch. Call the tool planner-output "
        "exactly once, with the plan, your questions or an error; what you write otherwise is not read. Then stop."
    ),
    "agent": (
        "## How you work here\n\nYou work on a task of Chorus, a board that people watch. Its tools are the only way "
        "to reach files, tasks and other agents; call help for their arguments. Nobody answers you while you work.\n\n"
        "Before you finish, call the tool completion-report exactly once, with status, summary and output: complete "
        "when the work is done, blocked (with blockedReason) when a person must do something first, failed when it "
        "cannot be done. Without a report your work counts as unfinished. Then stop."
    ),
}
_REMINDERS = {
    PLANNER: "You have ended without calling planner-output. Call it now, exactly once, with the plan, questions or an "
    "error.",
    "agent": "You have ended without calling completion-report. Finish what is left to do; then call it, exactly once.",
}


def system_prompt(instructions: str, kind: str) -> str:
    """The agent's instructions, and what each kind of run (planner, agent) owes the board."""
    return f"{instructions.strip()}\n\n{_OBLIGATION[kind]}"


def reminder(kind: str) -> str:
    """For an agent that has ended without what it owes."""
    return _REMINDERS[kind]


def after_failure(reason: str) -> str:
    """For an agent whose work was interrupted by a failure of its program or provider."""
    return f"{CONTINUE} What happened: {reason} If it was the length of an answer, go on in smaller steps."


def with_messages(prompt: str, messages: Iterable[str]) -> str:
    """A prompt with what people have said to the agent meanwhile."""
    told = "\n\n".join(messages)
    return f"{prompt}\n\n## Messages from people\n\n{told}" if told else prompt


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
