"""What travels into the sandbox, where a learner's code runs: these modules and NumPy, no more.

Nothing here imports anything else of the course, or says what is right. `calling`, `functions` and
`show` are what a notebook's check and a grader's have in common; a `child` is what the grader's
sandbox runs, and speaks its `protocol`.
"""
