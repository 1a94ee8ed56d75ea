"""`make results`: a part is measured again and put in its place, and one that fails stays as it was."""

import subprocess
import sys

import pytest

from benchmarks import results

TEXT = "# Results\n\n<!-- part: one -->\nold\n<!-- end: one -->\n\nmore\n"


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "PARTS", {"one": "this", "two": "this.one --of-these", "three": "no.such.module"})
    (tmp_path / "results.md").write_text(TEXT)
    return tmp_path / "results.md"


def measure(file, monkeypatch, *parts):
    monkeypatch.setattr(sys, "argv", ["results", "--file", str(file), *parts])
    results.main()


def test_a_part_is_replaced_with_what_its_command_says_and_when_and_where(file, monkeypatch):
    measure(file, monkeypatch, "one")
    text = file.read_text()
    assert "old" not in text
    assert text.startswith("# Results\n\n<!-- part: one -->\nOn 20")
    assert "`python -m this`:\n\nThe Zen of Python" in text
    assert text.endswith("<!-- end: one -->\n\nmore\n")


def test_a_part_that_cannot_be_measured_stays_and_is_named(file, monkeypatch):
    file.write_text(results.replaced(TEXT, "three", "of last year"))
    before = file.read_text()
    with pytest.raises(SystemExit, match="kept as they were: three"):
        measure(file, monkeypatch, "three")
    assert file.read_text() == before


def test_a_part_that_is_new_comes_at_the_end_and_an_unknown_one_is_refused(file, monkeypatch):
    text = results.replaced(TEXT, "two", "found")
    assert text.endswith("more\n\n## Measured by `make results`: two\n\n<!-- part: two -->\nfound\n<!-- end: two -->\n")
    with pytest.raises(SystemExit, match="four: expected some of one, two, three"):
        measure(file, monkeypatch, "four")


def test_every_part_names_a_module_that_there_is():
    for command in results.PARTS.values():
        module = command.split()[0]
        assert (results.RESULTS.parents[1] / f"{module.replace('.', '/')}.py").is_file(), module


def test_help_says_what_the_parts_are():
    command = [sys.executable, "-m", "benchmarks.results", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "loading, starting, growth" in " ".join(done.stdout.split())
