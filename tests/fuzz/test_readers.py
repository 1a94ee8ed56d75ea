"""Strangers' texts are read or refused in a sentence, in time that grows with their length; `make fuzz` goes on."""

import pytest
from growth import Growing, check_growth
from hypothesis import HealthCheck, Phase, given, settings
from readers import READERS, answered

# The same texts each time, and no hunt for a shorter one: a failure of the suite is one of the code.
FEW = settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)


@pytest.mark.parametrize("name", READERS)
def test_a_stranger_s_text_is_read_or_refused_in_a_sentence(name):
    for content in READERS[name].known:
        answered(READERS[name], content)
    FEW(given(READERS[name].texts)(lambda content: answered(READERS[name], content)))()


@pytest.mark.parametrize("name", READERS)
def test_the_work_grows_with_the_text_and_not_with_its_square(name):
    reader = READERS[name]

    def grows(text):
        check_growth(lambda content: answered(reader, content), text, reader.characters)

    for text in reader.slow:
        grows(text)
    FEW(given(reader.growing)(grows))()


def test_a_quadratic_reader_is_found():
    with pytest.raises(AssertionError, match="times as much"):
        check_growth(
            lambda text: [text.count(letter, at) for at, letter in enumerate(text)], Growing("", "a", ""), 24_000
        )
