"""Whether the numbers of a column lie higher or lower than before: Mann and Whitney's test."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
from scipy.stats import mannwhitneyu

from duetmind_adaptive.contracts import Detected


class RankSum:
    """The option `columns` says which."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns

    def detect(self, reference: pa.Table, window: pa.Table) -> Iterator[Detected]:
        """One result for each column; its effect is how far the common language effect size lies from chance."""
        for name in self.columns:
            before, after = (table[name].drop_null().to_numpy() for table in (reference, window))
            test = mannwhitneyu(after, before)
            above = test.statistic / (len(before) * len(after))
            yield Detected(column=name, statistic=above, p_value=test.pvalue, effect=abs(2 * above - 1))
