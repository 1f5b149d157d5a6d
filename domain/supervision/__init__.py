"""The law: one pure function from facts, day, rules and calendar to an assessment."""

from domain.supervision.evaluate import assess_on, evaluate
from domain.supervision.past_breaches import breaches_for_life

__all__ = ["assess_on", "breaches_for_life", "evaluate"]
