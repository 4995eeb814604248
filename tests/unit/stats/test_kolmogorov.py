"""Kolmogorov's distribution equals SciPy's in every region of sizes and distances, and so do exact small samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from duetmind_adaptive.stats.kolmogorov import kolmogorov_sf, one_sided_sf
from duetmind_adaptive.stats.ks import ks_two_sample

CLOSE = 1e-9


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20, 139, 140, 141, 499, 501, 990, 5_000, 100_001, 500_000])
def test_the_survival_function_equals_scipy(size):
    scaled = np.sqrt(np.concatenate([np.linspace(0.02, 12, 60), [2.1999, 2.2001, 3.999, 4.001]]) / size)
    for distance in np.concatenate([scaled, np.linspace(0.4 / size, 1.1 / size, 5), [0.5, 0.9, 0.999]]):
        if distance < 1:
            expected = float(stats.kstwo.sf(distance, size))
            found = kolmogorov_sf(size, float(distance))
            assert math.isclose(found, expected, rel_tol=CLOSE, abs_tol=1e-200), (size, distance)


@pytest.mark.parametrize("size", [5, 200, 499, 501, 2_000, 900_000])
def test_the_one_sided_probability_equals_scipy(size):
    for scaled in (0.5, 2.2, 6.0, 40.0, 200.0):
        distance = math.sqrt(scaled / size)
        if distance < 1 and not (size > 500 and scaled < 2):
            expected = float(stats.ksone.sf(distance, size))
            assert math.isclose(one_sided_sf(size, distance), expected, rel_tol=CLOSE)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (1, 5), (7, 7), (12, 18), (97, 89), (300, 300), (400, 250)])
def test_small_samples_have_scipys_exact_p_value(first, second):
    random = np.random.default_rng(first)
    for shift in (0.0, 0.3, 2.0):
        reference, current = np.sort(random.normal(size=first)), np.sort(random.normal(size=second) + shift)
        expected = stats.ks_2samp(reference, current, method="exact").pvalue
        assert math.isclose(ks_two_sample(reference, current).p_value, min(expected, 1.0), rel_tol=CLOSE)
