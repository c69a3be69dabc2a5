"""What makes the notebooks from the texts in ``lessons/``: ``python authoring/build.py --help``."""
