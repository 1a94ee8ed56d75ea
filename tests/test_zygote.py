"""The zygote: a fork behaves as a new interpreter would, with its own streams, status, environment and settings."""

import os
import signal
import subprocess
import sys

import pytest
import zygote


def test_a_program_has_streams_arguments_and_a_status_of_its_own(tmp_path):
    source = "import os, sys; print(sys.argv[1:], os.getcwd()); print('no', file=sys.stderr); sys.exit(3)"
    done = zygote.run(["-c", source, "a", 1], cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (3, f"['a', '1'] {tmp_path}\n", "no\n")


def test_a_file_and_a_module_run_as_main(tmp_path):
    (tmp_path / "beside.py").write_text("word = 'found'")
    (tmp_path / "program.py").write_text("import beside, sys\nif __name__ == '__main__': print(beside.word, sys.argv)")
    file = tmp_path / "program.py"
    assert zygote.run([file, "x"]).stdout == f"found ['{file}', 'x']\n"
    assert zygote.run(["-m", "program", "x"], cwd=tmp_path).stdout == f"found ['{file}', 'x']\n"


def test_what_is_not_caught_has_a_traceback_and_a_signal_a_negative_status():
    done = zygote.run(["-c", "1 / 0"])
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "ZeroDivisionError: division by zero")
    child = zygote.start(["-c", "import time; print('here', flush=True); time.sleep(60)"])
    assert child.stdout.readline() == "here\n"
    assert child.poll() is None
    child.kill()
    assert (child.wait(60), child.communicate()) == (-signal.SIGKILL, ("", ""))


def test_a_program_that_hangs_is_given_up():
    with pytest.raises(subprocess.TimeoutExpired):
        zygote.run(["-c", "import time; time.sleep(60)"], timeout=0.2)


def test_one_program_leaves_nothing_to_the_next():
    zygote.run(["-c", "import json, os; json.leftover = 1; os.environ['LEFTOVER'] = '1'"], needs=["json"])
    source = "import json, os; print(hasattr(json, 'leftover'), 'LEFTOVER' in os.environ, __name__)"
    assert zygote.run(["-c", source]).stdout == "False False __main__\n"


def test_randomness_is_not_shared():
    source = "import random, numpy; print(random.random(), numpy.random.random())"
    first, second = (zygote.run(["-c", source], needs=["numpy"]).stdout.split() for _ in range(2))
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_libraries_have_the_addresses_and_folders_of_an_interpreter_that_was_started_with_them(tmp_path):
    source = """
import datasets, huggingface_hub, sys, timm
from pathlib import Path
for name, module in sorted(sys.modules.items()):
    if name.partition(".")[0] in ("huggingface_hub", "datasets", "timm"):
        for attribute, value in sorted(vars(module).items()):
            if isinstance(value, (str, Path)) and ("somewhere" in str(value) or "elsewhere" in str(value)):
                print(name, attribute, repr(value))
print(huggingface_hub.hf_api.api.endpoint)
"""
    environment = {**os.environ, "HF_HOME": str(tmp_path / "somewhere"), "HF_ENDPOINT": "http://elsewhere"}
    forked = zygote.run(["-c", source], env=environment, needs=["datasets", "huggingface_hub.hf_api", "timm"])
    started = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True)
    told, expected = set(forked.stdout.splitlines()), set(started.stdout.splitlines())
    assert expected <= told  # programs before it may have imported more
    assert forked.stdout.count("somewhere") > 10


def test_processes_of_tests_that_meet_have_one_interpreter_until_the_last_has_gone():
    asked = ["-c", "import os; print(os.getppid())"]
    another = f"""
import sys, zygote
from pathlib import Path
zygote.share(Path(sys.argv[1]))
print(zygote.run({asked!r}).stdout)
zygote.stop()
"""
    ours = zygote.run(asked).stdout
    assert zygote.run(["-c", another, zygote.meeting()]).stdout.split() == ours.split()
    assert zygote.run(asked).stdout == ours


def test_a_setting_that_comes_too_late_is_refused():
    done = zygote.run(["-c", ""], env={**os.environ, "HF_HUB_OFFLINE": "1"})
    assert done.returncode == 1
    assert "HF_HUB_OFFLINE has been read already; start a real interpreter" in done.stderr
