"""Insights over HTTP."""

from typing import Any

from common.clock import now_ms
from common.db.database import Reading
from common.schemas.insights import InsightsQuery, InsightsSchema
from core.insights import queries
from webapp.api import Api

api = Api("insights")


@api.read("/api/insights", answer=InsightsSchema, query=InsightsQuery)
def get_insights(reading: Reading, query: dict[str, Any]) -> dict[str, Any]:
    """What happened on each of the server's last days: tasks, time in each status, runs and cost by agent."""
    return queries.read(reading, query["days"], now_ms())
