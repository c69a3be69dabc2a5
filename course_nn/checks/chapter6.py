"""The exercises of chapter 6: overfitting."""

from course_nn.checks.engine import Exercise

EXERCISES: list[Exercise] = []
