"""The law: one pure function from facts, day, rules and calendar to an assessment."""

from domain.supervision.evaluate import assess_on, evaluate

__all__ = ["assess_on", "evaluate"]
