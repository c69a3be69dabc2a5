"""Values that can cross the pipe to a submission, for hypothesis."""

from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

dtypes = st.sampled_from(
    [
        f"{end}{name}"
        for end in "<>"
        for name in ["i2", "i4", "i8", "u2", "u8", "f2", "f4", "f8", "c16"]
    ]
    + ["?", "i1", "u1"]
)
arrays = nps.arrays(dtypes, nps.array_shapes(min_dims=0, min_side=0, max_side=4))
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 3))
    | arrays
    | arrays.map(lambda a: a.ravel()[0] if a.size else None)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=5)
    ),
    max_leaves=20,
)
