"""Names of files in little memory are the names that a list holds."""

import os

import pytest

from training.layouts.scanning.packed_names import PACKED, PackedNames


@pytest.mark.parametrize("count", [0, 1, PACKED - 1, PACKED, 2 * PACKED + 3])
def test_names_come_back_in_their_order_by_number_and_in_parts(count):
    names, packed = [os.fsdecode(b"%d caf\xe9.png" % number) for number in range(count)], PackedNames()
    for name in names:
        packed.append(name)
    assert list(packed) == names
    assert packed == names
    assert len(packed) == count
    assert [packed[place] for place in range(-count, count)] == [*names, *names]
    assert packed[1:4] == names[1:4]
    assert packed[::-1] == names[::-1]
    with pytest.raises(IndexError):
        packed[count]
