"""Edwin Hubble's 24 nebulae of 1929: the farther one is, the faster it moves away."""

from pathlib import Path

import numpy as np

DATA = Path(__file__).parent / "data" / "hubble_1929.csv"


def load_data() -> tuple[np.ndarray, np.ndarray]:
    """``(distance, velocity)`` of 24 nebulae, as Hubble's Table 1 lists them.

    Returns:
        distance: shape (24,), float64, in megaparsecs (10^6 parsecs).
        velocity: shape (24,), float64, in km/s; positive is away from us.

    The least-squares line through them is velocity = 454.2 distance - 40.8, and the one through
    the origin is velocity = 423.9 distance. Today's value is near 70 km/s per megaparsec: the
    nebulae are farther away than Hubble could know.

    Source: E. Hubble, "A relation between distance and radial velocity among extra-galactic
    nebulae", PNAS 15(3), 168-173, 1929, Table 1.
    """
    distance, velocity = np.loadtxt(
        DATA, delimiter=",", skiprows=1, usecols=(1, 2), unpack=True, encoding="utf-8"
    )
    return distance, velocity
