"""The tutorial, run word for word in one go; its two languages have the same code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import zygote

REPOSITORY = Path(__file__).resolve().parent.parent
LANGUAGES = ("from-zero.md", "from-zero.zh.md")


def blocks(name):
    """The language and the code of each block."""
    return re.findall(r"```(\w+)\n(.*?)```", (REPOSITORY / "docs" / name).read_text("utf-8"), re.DOTALL)


def test_every_block_runs_from_the_first_line_to_the_exported_file(fake_hub, tmp_path):
    code = blocks(LANGUAGES[0])
    told = {
        **os.environ,
        "HF_ENDPOINT": fake_hub.url,
        "HF_HOME": str(tmp_path / "home"),
        "HF_TOKEN": fake_hub.token,
        "PYTHONPATH": str(REPOSITORY),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    options = {"cwd": tmp_path, "env": told, "timeout": 400}
    program = "\n".join(text for language, text in code if language == "python")
    done = zygote.run(["-c", program], needs=["resnet_hub.training.finetune"], **options)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"score without it \d+\.\d%", done.stdout)) == 9
    (shell,) = (text for language, text in code if language == "bash")
    shared = subprocess.run(
        ["bash", "-ec", shell.replace("your-name", fake_hub.account)], capture_output=True, text=True, **options
    )
    assert shared.returncode == 0, shared.stderr
    assert "/alice/digits/commit/" in shared.stdout
    assert (tmp_path / "digits.onnx").is_file()
    assert (tmp_path / "space" / "app.py").is_file()


def test_both_languages_have_the_same_code():
    assert blocks(LANGUAGES[0]) == blocks(LANGUAGES[1])
