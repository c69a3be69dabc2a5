"""Data to learn from: MNIST, whole (``mnist``), Hubble's nebulae (``hubble``), toy sets (``toy``)."""
