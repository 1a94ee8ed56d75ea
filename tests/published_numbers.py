"""The table of accuracies and costs that timm published, as it lies beside the real data."""

import csv

import pytest


def published_numbers(data_folder):
    """One dictionary for each weighted tag and size of image; the test is skipped where the table is absent."""
    table = data_folder.parent / "reference" / "timm_numbers.csv"
    if not table.is_file():
        pytest.skip(f"no published numbers at {table}")
    with table.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
