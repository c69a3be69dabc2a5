import csv

import numpy as np
import pytest

from course_nn.datasets import hubble


def test_it_has_the_24_nebulae_of_the_table():
    distance, velocity = hubble.load_data()
    assert distance.shape == velocity.shape == (24,)
    assert distance.dtype == velocity.dtype == np.float64
    assert distance.sum() == pytest.approx(21.873)
    assert velocity.sum() == 8955
    assert (velocity < 0).sum() == 5
    with hubble.DATA.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["nebula"], distance[0], velocity[0]) == ("S. Mag.", 0.032, 170)
    assert (rows[5]["nebula"], distance[5], velocity[5]) == ("NGC 224", 0.275, -220)  # Andromeda
    assert (rows[-1]["nebula"], distance[-1], velocity[-1]) == ("NGC 4649", 2.0, 1090)


def test_the_least_squares_lines_are_the_known_ones():
    distance, velocity = hubble.load_data()
    slope, intercept = np.polyfit(distance, velocity, 1)
    assert round(slope, 1) == 454.2 and round(intercept, 1) == -40.8
    assert round(distance @ velocity / (distance @ distance), 1) == 423.9
