"""The law: one pure function from facts, day, rules and calendar to an assessment."""

from domain.supervision.evaluate import evaluate

__all__ = ["evaluate"]
