"""What every detector keeps: results that can be used, honest p-values, and it finds what is there."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.stats import binom

from duetmind_adaptive import plugins
from duetmind_adaptive.contracts import Detected
from duetmind_adaptive.drift.plugged import checked
from duetmind_adaptive.testing.suite import PluginSuite, holds

#: an honest detector fails the suite less often than once in so many runs
ONE_IN = 1e6
LEVELS = (0.01, 0.05, 0.2)


class DetectorSuite(PluginSuite):
    """Say `name` and `options`. The tables have two columns, `number` and `word`; override them for others."""

    group = plugins.DETECTORS
    #: pairs of tables that p-values are tried with; fewer for a slow detector
    trials = 200
    rows = 300

    def reference(self, generator: np.random.Generator) -> pa.Table:
        """Rows of the reference."""
        return self.window(generator, 5 * self.rows)

    def window(self, generator: np.random.Generator, rows: int) -> pa.Table:
        """Rows in which nothing has changed."""
        return pa.table({"number": generator.normal(size=rows), "word": generator.choice(["a", "b", "c"], rows)})

    def changed(self, generator: np.random.Generator, rows: int) -> pa.Table:
        """Rows in which everything has."""
        numbers = generator.normal(3, 0.2, size=rows)
        return pa.table({"number": numbers, "word": generator.choice(["a", "b", "c"], rows, p=[0.9, 0.1, 0.0])})

    def test_its_results_can_be_used(self) -> None:
        """Of columns that are there, each once, with shares in [0, 1]; and there is at least one."""
        found = self._found(*self._pair(0))
        holds(found, "it gave no result at all")

    def test_its_p_values_are_honest(self) -> None:
        """While nothing changes a p-value of at most 0.05 comes once in 20 windows, and so on."""
        seen = defaultdict[str | None, list[float]](list)
        for seed in range(self.trials):
            for result in self._found(*self._pair(seed)):
                if result.p_value is not None:
                    seen[result.column].append(result.p_value)
        for column, values in seen.items():
            for level in LEVELS:
                count = int((np.array(values) <= level).sum())
                most = int(binom.isf(1 / ONE_IN, len(values), level))
                said = f"{column or 'the rows as a whole'}: {count} of {len(values)} p-values are at most {level}"
                holds(count <= most, f"{said} while nothing changed; at most {most} may be")

    def test_it_finds_what_everybody_would(self) -> None:
        """A small p-value, or another statistic where there are none."""
        generator = np.random.default_rng(1)
        reference = self.reference(generator)
        before = self._found(reference, self.window(generator, self.rows))
        after = self._found(reference, self.changed(generator, self.rows))
        least = min((result.p_value for result in after if result.p_value is not None), default=None)
        moved = {result.statistic for result in before} != {result.statistic for result in after}
        holds(moved if least is None else least <= 0.001, f"everything changed, and it gave {after}")

    def test_it_says_the_same_again(self) -> None:
        """Of the same tables: a check that is repeated after a crash must not decide otherwise."""
        holds(self._found(*self._pair(0)) == self._found(*self._pair(0)), "the same tables gave other results")

    def _pair(self, seed: int) -> tuple[pa.Table, pa.Table]:
        generator = np.random.default_rng(seed)
        return self.reference(generator), self.window(generator, self.rows)

    def _found(self, reference: pa.Table, window: pa.Table) -> list[Detected]:
        detector: Any = self.make()
        return checked(self.name, list(detector.detect(reference, window)), window.column_names)
