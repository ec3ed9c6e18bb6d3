"""Keys seen before, over any cut into batches."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from geo.ingest.repetition import Seen

keys = st.lists(st.one_of(st.none(), st.text(max_size=2)), max_size=60)


@given(keys, st.lists(st.integers(1, 20), max_size=20))
def test_any_cut_into_batches_finds_what_pandas_finds_in_the_whole(values, sizes):
    seen, found, start = Seen(), [], 0
    for size in [*sizes, len(values)]:
        batch = pd.Series(values[start : start + size], dtype=object)
        found += seen.repeated(batch).tolist()
        start += size
    whole = pd.Series(values, dtype=object)
    assert found == (whole.duplicated() & whole.notna()).tolist()
