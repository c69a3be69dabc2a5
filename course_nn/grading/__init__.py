"""Batch grading of submissions: read, run in a sandbox, judged, told."""
