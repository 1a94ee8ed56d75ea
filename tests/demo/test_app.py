"""`python app.py` as a process: the address it prints, the page it serves, the mistakes it tells."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import httpx
from running_app import REPOSITORY, free_port, run_app


def test_the_address_is_printed_and_answers(tiny_checkpoint):
    port = free_port()
    process = run_app(PORT=str(port), RESNET_HUB_MODEL=str(tiny_checkpoint), RESNET_HUB_TITLE="Which animal?")
    try:
        printed = process.stdout.readline().strip()
        assert printed == f"http://127.0.0.1:{port}"
        with urlopen(printed, timeout=300) as answer:
            assert "Which animal?" in answer.read().decode()
    finally:
        process.terminate()
        process.communicate(timeout=300)


def test_what_visitors_upload_is_in_a_folder_of_the_page_s_own_and_gone_with_it(tiny_checkpoint, monkeypatch):
    monkeypatch.delenv("GRADIO_TEMP_DIR")
    process = run_app(PORT=str(free_port()), RESNET_HUB_MODEL=str(tiny_checkpoint))
    try:
        printed = process.stdout.readline().strip()
        (path,) = httpx.post(f"{printed}/gradio_api/upload", files={"files": ("a.png", b"image")}).json()
        folder = Path(path).parent.parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)
        assert not folder.exists()
    finally:
        process.kill()
        process.communicate(timeout=300)


def test_a_missing_folder_is_one_sentence(tmp_path):
    process = run_app(tmp_path / "absent", PORT=str(free_port()))
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 2
    assert re.fullmatch(r"error: .*absent.*\n", errors)


def test_a_busy_port_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = run_app(tmp_path, PORT=str(port))
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 2
    assert re.fullmatch(rf"error: port {port} is in use by another program; choose another one, .*\n", errors)


def test_a_page_json_beside_the_entry_is_read_wherever_it_is_called_from(tmp_path):
    (tmp_path / "here").mkdir()
    shutil.copy(REPOSITORY / "app.py", tmp_path / "here")
    (tmp_path / "here" / "page.json").write_text('{"RESNET_HUB_MODEL": "alice/from-the-file", "PORT": "x"}')
    process = run_app(folder=tmp_path / "here", cwd=tmp_path, PYTHONPATH=str(REPOSITORY))
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 2
    assert re.fullmatch(r"error: PORT='x' is out of range; .*\n", errors)


def test_threads_that_wait_do_not_spin():
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "app.py", "--help"],
        cwd=REPOSITORY,
        env={**environment, "OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0
    # GNU's OpenMP tells how often it looks before it sleeps; others tell nothing.
    assert set(re.findall(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr)) <= {"0"}


def test_an_unknown_option_is_a_mistake_too():
    process = run_app("--model", "folder")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "there is no flag '--model'" in errors


def test_the_entry_stays_short_and_free_of_torch():
    source = (REPOSITORY / "app.py").read_text()
    assert len(source.splitlines()) <= 60
    assert "torch" not in re.sub(r"#.*", "", source)
