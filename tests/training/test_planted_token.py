"""A token of the Hub stands nowhere but where it is sent: not in what a run writes, says, or shows of its processes."""

import threading
from contextlib import suppress
from pathlib import Path

from hub_datasets import publish, with_names
from launching import FROM_SCRATCH, launch_truly


def watch(run, token, seen, stop):
    """Notes the command lines of all processes, and states with the token, until it is told to stop."""
    while not stop.wait(0.05):
        for part in run.glob("state/*/*"):
            with suppress(OSError):
                seen.add(part.name.encode() if token.encode() not in part.read_bytes() else token.encode())
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                seen.add(process.read_bytes())


def holders(folder, token):
    """The files under a folder whose content or name has the token."""
    return [
        file
        for file in folder.rglob("*")
        if token in str(file) or (file.is_file() and token.encode() in file.read_bytes())
    ]


def test_a_planted_token_is_in_no_log_card_state_tracker_or_process_list(fake_hub, tmp_path):
    token, home, run = fake_hub.token, tmp_path / "home", tmp_path / "run"
    environment = {"HF_ENDPOINT": fake_hub.url, "HF_HOME": str(home), "HF_TOKEN": token}
    publish(fake_hub, "alice/colors", with_names(8))
    flags = ["--dataset", "alice/colors", *FROM_SCRATCH, "--epochs", 2, "--batch-size", 8, "--lr", 0.02, "--workers", 1]
    flags += ["--save-every-steps", 1, "--report-to", "tensorboard", "--push-to-hub", "alice/net", "--output", run]
    seen, stop = set(), threading.Event()
    watching = threading.Thread(target=watch, args=(run, token, seen, stop))
    watching.start()
    try:
        # Truly, for a fork has the command line of what it was forked from.
        finished = launch_truly("finetune", *flags, **environment)
    finally:
        stop.set()
        watching.join()
    assert finished.returncode == 0, finished.stderr
    assert token not in finished.stdout + finished.stderr
    assert any(run.rglob("events.out.tfevents*"))
    assert not holders(tmp_path, token)
    assert any(b"finetune" in line for line in seen)
    assert any(part.endswith(b".safetensors") for part in seen)
    assert not any(token.encode() in line for line in seen)
    pushed = fake_hub.repository("alice/net").commits.values()
    assert not any(token.encode() in blob.content for commit in pushed for blob in commit.files.values())
