"""Agents over HTTP."""

from typing import Any

from common.db.database import Reading
from common.db.write import WriteTransaction
from common.fields.names import check_name
from common.schemas.agent import AgentDeletedSchema, AgentSchema, WriteAgentSchema
from core.agents import verbs
from webapp.api import Api

api = Api("agents")
Body = dict[str, Any]


@api.read("/api/agents", answer=AgentSchema, many=True)
def list_agents(reading: Reading) -> str:
    """All agents by name."""
    return verbs.registry.wires(reading)


@api.read("/api/agents/<name>", answer=AgentSchema, errors=(404,))
def get_agent(reading: Reading, name: str) -> Body:
    """One agent."""
    return verbs.get(reading, name)


@api.write("POST", "/api/agents", body=WriteAgentSchema, answer=AgentSchema, status=201, errors=(409,))
def create_agent(tx: WriteTransaction, body: Body) -> Body:
    """Create an agent."""
    return verbs.create(tx, body)


@api.write("PUT", "/api/agents/<name>", body=WriteAgentSchema, answer=AgentSchema, if_match=True, errors=(404, 409))
def put_agent(tx: WriteTransaction, body: Body, if_match: int | None, name: str) -> Body:
    """Replace the agent, or create it; the name in the path counts."""
    return verbs.replace(tx, check_name(name), body, if_match)


@api.write("DELETE", "/api/agents/<name>", answer=AgentDeletedSchema, errors=(404, 409))
def delete_agent(tx: WriteTransaction, name: str) -> Body:
    """Delete the agent; `undo` brings it back within 60 s."""
    return {"deleted": name, "undo": verbs.delete(tx, name)}
