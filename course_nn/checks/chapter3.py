"""The exercises of chapter 3: one neuron."""

from course_nn.checks.engine import Exercise

EXERCISES: list[Exercise] = []
