"""`python app.py` as a process: the address it prints, the page it serves, the mistakes it tells."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

REPOSITORY = Path(__file__).resolve().parent.parent


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def run_app(*arguments, **environment):
    """The running program."""
    return subprocess.Popen(
        [sys.executable, "app.py", *map(str, arguments)],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_address_is_printed_and_answers(tiny_checkpoint):
    port = free_port()
    process = run_app(PORT=str(port), RESNET_HUB_MODEL=str(tiny_checkpoint), RESNET_HUB_TITLE="Which animal?")
    try:
        printed = process.stdout.readline().strip()
        assert printed == f"http://127.0.0.1:{port}"
        with urlopen(printed, timeout=10) as answer:
            assert "Which animal?" in answer.read().decode()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_a_missing_folder_is_one_sentence(tmp_path):
    process = run_app(tmp_path / "absent", PORT=str(free_port()))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert re.fullmatch(r"error: .*absent.*\n", errors)


def test_a_busy_port_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = run_app(tmp_path, PORT=str(port))
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert re.fullmatch(rf"error: port {port} is in use by another program; choose another one, .*\n", errors)


def test_an_unknown_option_is_a_mistake_too():
    process = run_app("--model", "folder")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "unrecognized arguments: --model" in errors


def test_the_entry_stays_short_and_free_of_torch():
    source = (REPOSITORY / "app.py").read_text()
    assert len(source.splitlines()) <= 60
    assert "torch" not in re.sub(r"#.*", "", source)
