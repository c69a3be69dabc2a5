"""Data to learn from: MNIST, whole, in ``mnist``; small sets in ``hubble`` and ``toy``."""
