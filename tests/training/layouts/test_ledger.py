"""The ledger adds up: what was seen is used or left out, and every reason is told with names."""

from resnet_hub.errors import Phrase
from training.layouts import Ledger

NO_IMAGE, NO_TARGET = Phrase("ledger.no_image", found="text"), Phrase("ledger.no_target")


def test_what_was_seen_is_used_or_left_out():
    ledger = Ledger()
    ledger.see("files", 6)
    ledger.see("rows", 4)
    ledger.use_files("image", 4)
    ledger.leave_out("files", NO_IMAGE, ["notes.txt"])
    assert ledger.unaccounted() == {"files": 1, "rows": 4}
    ledger.leave_out("files", NO_IMAGE, ["more.txt"])
    ledger.leave_out("rows", NO_TARGET, ["row 3"])
    ledger.use_rows("train", {"cat": 2, "dog": 1})
    assert ledger.unaccounted() == {"files": 0, "rows": 0}


def test_one_reason_is_one_line_with_its_count_and_first_names():
    ledger = Ledger()
    ledger.leave_out("files", NO_IMAGE, [f"{number}.txt" for number in range(5000)])
    (line,) = ledger.lines()
    assert line.fields["count"] == "5,000"
    assert line.fields["names"] == "'0.txt', '1.txt', '2.txt', ..."
    (recorded,) = ledger.record()["left_out"]
    assert recorded["count"] == 5000
    assert len(recorded["names"]) == 1000


def test_a_line_that_names_all_does_not_say_that_there_are_more():
    ledger = Ledger()
    ledger.leave_out("files", NO_IMAGE, ["0.txt", "1.txt", "2.txt"])
    assert ledger.lines()[0].fields["names"] == "'0.txt', '1.txt', '2.txt'"
    assert ledger.lines(shown=2)[0].fields["names"] == "'0.txt', '1.txt', ..."
