"""Few rows that hold every two values of any two factors together: most mistakes of options take one or two of them."""

from itertools import combinations


def all_pairs(factors):
    """Rows of one value's number for each factor, given the number of its values; the same rows each time."""
    places = list(range(len(factors)))
    missing = {
        ((one, a), (other, b))
        for one, other in combinations(places, 2)
        for a in range(factors[one])
        for b in range(factors[other])
    }
    rows = []
    while missing:
        row = dict(min(missing))
        for place in sorted(set(places) - set(row), key=lambda place: -factors[place]):
            row[place] = max(range(factors[place]), key=lambda value: (_held({**row, place: value}, missing), -value))
        missing -= set(_pairs(row))
        rows.append([row[place] for place in places])
    return rows


def _pairs(row):
    return combinations(sorted(row.items()), 2)


def _held(row, missing):
    return sum(pair in missing for pair in _pairs(row))
