"""The images of all splits in one row."""

import numpy as np
import pytest

from training.doctor.pool import Pool, equal_groups


class Part:
    def __init__(self, name, digests):
        self.name, self.digests = name, None if digests is None else np.array(digests, np.uint64)
        self.groups = self.flags = None
        self.labels = np.zeros(3 if digests is None else len(digests), np.int64)

    def __len__(self):
        return len(self.labels)


def test_a_number_leads_to_its_split_and_index():
    pool = Pool((Part("train", [5, 6]), Part("test", [5])))
    assert [(pool.place(number)[0].name, pool.place(number)[1]) for number in range(3)] == [
        ("train", 0),
        ("train", 1),
        ("test", 0),
    ]
    with pytest.raises(IndexError):
        pool.place(3)


def test_equal_images_are_found_across_splits_and_none_where_nobody_has_looked():
    assert [group.tolist() for group in equal_groups(Pool((Part("a", [7, 5, 7]), Part("b", [9, 5]))).digests)] == [
        [0, 2],
        [1, 4],
    ]
    assert equal_groups(Pool((Part("a", [7, 7]), Part("b", None))).digests) == []
