"""The Dockerfile: what it copies is there, who runs it, and the check that Docker makes of the page."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

from huggingface_hub import SpaceCard
from running_app import free_port, run_app

from resnet_hub.demo.settings import VARIABLES, PageSettings

REPOSITORY = Path(__file__).resolve().parents[2]


def instructions():
    """The lines of the Dockerfile as pairs of a word and what follows it."""
    text = (REPOSITORY / "Dockerfile").read_text("utf-8")
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def all_of(word):
    return [rest for name, rest in instructions() if name == word]


def environment():
    return dict(pair.split("=", 1) for line in all_of("ENV") for pair in shlex.split(line))


def check_command():
    (line,) = all_of("HEALTHCHECK")
    return json.loads(line.partition(" CMD ")[2])


def checked(port):
    """The status of the check that Docker makes, as it makes it."""
    program, *arguments = check_command()
    assert program == "python"
    told = {**os.environ, "PORT": str(port), "no_proxy": "*"}
    return subprocess.run([sys.executable, *arguments], env=told, capture_output=True, timeout=300).returncode


def test_what_is_copied_is_there_and_not_kept_out():
    kept = [line for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert kept[0] == "*"
    copied = [source for line in all_of("COPY") for source in shlex.split(line)[:-1]]
    assert {f"!{source.removeprefix('./')}" for source in copied} == {line for line in kept if line[0] == "!"}
    for source in copied:
        assert (REPOSITORY / source).exists()
        assert subprocess.run(["git", "ls-files", "--error-unmatch", source], cwd=REPOSITORY).returncode == 0


def test_no_file_of_the_package_is_kept_out():
    tracked = subprocess.run(["git", "ls-files", "resnet_hub"], cwd=REPOSITORY, capture_output=True, text=True)
    out = [line[3:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("**/")]
    parts = {part for name in tracked.stdout.split() for part in Path(name).parts}
    assert [part for part in parts if any(fnmatch(part, pattern) for pattern in out)] == []


def test_it_installs_what_the_project_installs_before_the_sources_come():
    steps = instructions()
    (install,) = [rest for name, rest in steps if name == "RUN" and "pip install" in rest]
    assert "-r requirements.txt -c constraints.txt" in install
    assert steps.index(("RUN", install)) < steps.index(("COPY", "resnet_hub ./resnet_hub"))


def test_it_has_the_python_of_the_space():
    (base,) = all_of("FROM")
    assert base == f"python:{SpaceCard.load(REPOSITORY / 'README.md').data.python_version}-slim"


def test_the_page_runs_as_a_user_without_rights_who_may_write_where_downloads_go():
    words = [name for name, _ in instructions()]
    (user,) = all_of("USER")
    made = next(rest for name, rest in instructions() if name == "RUN" and "useradd" in rest)
    assert f" {user} " in made
    assert words.index("USER") < words.index("ENTRYPOINT")
    (volume,) = all_of("VOLUME")
    assert environment()["HF_HOME"] == volume
    assert f"--owner={user} --group={user} {volume}" in made


def test_it_listens_to_the_world_on_the_port_that_is_exposed():
    told = environment()
    settings = PageSettings.from_environment({name: told[name] for name in VARIABLES.values() if name in told})
    assert settings == PageSettings(host="0.0.0.0")
    assert all_of("EXPOSE") == [str(settings.port)]


def test_docker_sees_the_page_answer_and_ends_it(tiny_checkpoint):
    (entry,) = all_of("ENTRYPOINT")
    assert json.loads(entry) == ["python", "app.py"]
    port = free_port()
    process = run_app(tiny_checkpoint, PORT=str(port))
    try:
        assert process.stdout.readline().startswith("http://")
        assert checked(port) == 0
    finally:
        (name,) = all_of("STOPSIGNAL")
        process.send_signal(getattr(signal, name))
        _, told = process.communicate(timeout=300)
    assert (process.returncode, told) == (0, "")
    assert checked(port) != 0
