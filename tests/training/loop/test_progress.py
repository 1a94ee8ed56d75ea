"""What a person sees: one bar on a terminal, nothing but lines elsewhere."""

import io
import logging

import pytest

from training.loop.reporting.progress import Progress, log_end, log_epoch


class Screen(io.StringIO):
    """A stream that is a terminal, or is not."""

    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


def watch_a_run(monkeypatch, *, terminal, shown=True):
    screen = Screen(terminal)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("COLUMNS", "160")
    progress = Progress()
    with progress.opened(1000, done=250, shown=shown):
        progress.describe("epoch 2/4")
        progress.show(0.4321, 0.01, 3 * 2**30)
        progress._bar.refresh()
        progress.advance(250)
        progress._bar.refresh()
    return screen.getvalue()


def test_a_terminal_shows_epoch_share_speed_time_left_loss_rate_and_memory(monkeypatch):
    shown = watch_a_run(monkeypatch, terminal=True)
    assert "epoch 2/4" in shown
    assert "50%" in shown
    assert "500/1000" in shown
    assert "images/s" in shown
    assert "loss 0.432, lr 1.0e-02, 3.0 GiB" in shown


@pytest.mark.parametrize(("terminal", "shown"), [(False, True), (True, False)], ids=["no terminal", "another process"])
def test_elsewhere_there_is_no_bar(monkeypatch, terminal, shown):
    assert watch_a_run(monkeypatch, terminal=terminal, shown=shown) == ""


def test_a_progress_that_is_not_open_is_silent(capsys):
    progress = Progress()
    progress.describe("epoch 1")
    progress.advance(3)
    progress.show(1.0, 0.1, 1)
    assert capsys.readouterr().err == ""


def test_an_epoch_is_one_line_with_fixed_keys(caplog):
    caplog.set_level(logging.INFO, "training")
    row = {"epoch": 2, "train_loss": 1.0, "val_loss": 0.5, "val_top1": 0.75, "lr": 0.01}
    timing = {"seconds": 12.34, "images_per_second": 99.6, "memory_bytes": 2**31}
    log_epoch(row, timing, 10, better=True)
    assert caplog.messages == [
        "epoch  2/10  train_loss 1.0000  val_loss 0.5000  val_top1 75%  lr 1.00e-02  100 images/s  12.3 s  2.0 GiB"
        "  (best so far, saved)"
    ]


def test_the_end_names_folder_card_and_the_commands_that_go_on(caplog, tmp_path):
    caplog.set_level(logging.INFO, "training")
    log_end(tmp_path / "my run")
    text = "\n".join(caplog.messages)
    assert f"checkpoint {tmp_path / 'my run'}   card {tmp_path / 'my run' / 'README.md'}" in text
    assert f"resnet-hub predict '{tmp_path / 'my run'}' image.jpg" in text
    assert f"python app.py '{tmp_path / 'my run'}'" in text
