"""The exercises of chapter 2: gradient descent."""

from course_nn.checks.engine import Exercise

EXERCISES: list[Exercise] = []
