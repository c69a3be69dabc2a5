"""The exercises of chapter 5: a network that reads digits."""

from course_nn.checks.engine import Exercise

EXERCISES: list[Exercise] = []
