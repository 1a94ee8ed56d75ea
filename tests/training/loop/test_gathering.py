"""gathering.py: what several processes found is one table in which no image counts twice."""

import pytest
import torch

from training.loop.distributed.gathering import unique_rows


def test_images_that_come_twice_count_once_in_the_order_of_the_rows():
    found = [[torch.tensor([2, 0]), torch.tensor([0.2, 0.0])], [torch.tensor([1, 2]), torch.tensor([0.1, 0.2])]]
    assert unique_rows(found)[0].tolist() == pytest.approx([0.0, 0.1, 0.2])
