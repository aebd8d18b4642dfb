"""Any bytes at any moment: the connection never raises, always ends its poll, and takes no value from a wrong frame."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz_frames import LIKELY, play


@settings(max_examples=800, derandomize=True, deadline=None, database=None)
@given(st.data())
def test_only_a_right_frame_of_the_request_that_waits_is_accepted(data: st.DataObject) -> None:
    script = st.lists(st.tuples(st.sampled_from(LIKELY), st.binary(max_size=40), st.integers(0, 2**32)), max_size=12)
    play(data.draw(script, label="what the device sends"), data.draw(st.integers(1, 5), label="requests at once"))
