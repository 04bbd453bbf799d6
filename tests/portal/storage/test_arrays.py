"""Arrays come back as they went in, found by their content alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from portal.storage import MissingArray, get_array, has_array, put_array


@given(
    arrays.arrays(
        dtype=arrays.scalar_dtypes().filter(lambda dtype: dtype.kind in "biuf" and dtype.itemsize <= 8),
        shape=arrays.array_shapes(max_dims=3, max_side=4),
    )
)
def test_it_returns_what_was_put(array: np.ndarray) -> None:
    digest = put_array(array)
    assert has_array(digest)
    np.testing.assert_array_equal(get_array(digest), array)


def test_it_tells_shapes_and_types_apart() -> None:
    zeros = np.zeros(4, np.uint8)
    assert len({put_array(zeros), put_array(zeros.reshape(2, 2)), put_array(zeros.astype(np.int8))}) == 3


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", "ABC"])
def test_it_says_that_nothing_is_there(digest: str) -> None:
    with pytest.raises(MissingArray):
        get_array(digest)
