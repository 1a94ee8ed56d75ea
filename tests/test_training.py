"""`resnet_hub.training` in a checkout: the folder beside the package, and a sentence where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
# Stands for a machine where accelerate is not installed.
HIDE = """
import importlib.util as util
found = util.find_spec
util.find_spec = lambda name, package=None: None if name == "accelerate" else found(name, package)
"""


def python(*arguments, path, folder):
    """Runs Python outside the checkout, with a search path of its own."""
    told = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, timeout=300)


@pytest.fixture
def without_accelerate(tmp_path):
    """The search path of a checkout on which accelerate cannot be found."""
    (tmp_path / "sitecustomize.py").write_text(HIDE)
    return [tmp_path, REPOSITORY]


def test_it_is_the_folder_beside_the_package(tmp_path):
    program = (
        "import resnet_hub.training as found\n"
        "from resnet_hub.training import settings\n"
        "print(found.__file__, settings.__file__)"
    )
    done = python("-c", program, path=[REPOSITORY], folder=tmp_path)
    assert done.stdout.split() == [
        str(REPOSITORY / "training" / name) for name in ("__init__.py", "settings/__init__.py")
    ]


def test_where_no_trainer_is_one_sentence_says_how_to_get_one(tmp_path):
    shutil.copytree(REPOSITORY / "resnet_hub", tmp_path / "resnet_hub", ignore=shutil.ignore_patterns("__pycache__"))
    done = python("-m", "resnet_hub", "finetune", "--dataset", "digits", path=[], folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: this copy of resnet_hub, in {str(tmp_path)!r}, comes without its trainer; "
        "install one that has it with:  pip install 'resnet_hub[train]'\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "resnet_hub", "finetune", "--help"),
        ("-m", "resnet_hub.training.finetune", "--help"),
        ("-m", "training.evaluate", "--help"),
        (REPOSITORY / "training" / "predict.py", "--help"),
    ],
    ids=["the command", "the installed module", "the module", "the file"],
)
def test_without_its_packages_a_program_says_the_command_that_installs_them(without_accelerate, tmp_path, arguments):
    done = python(*arguments, path=without_accelerate, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: training needs what is not installed (accelerate); install it with:  pip install 'resnet_hub[train]'\n"
    )


def test_without_its_packages_an_import_fails_with_the_same_sentence(without_accelerate, tmp_path):
    done = python("-c", "from resnet_hub.training import fit", path=without_accelerate, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("(accelerate); install it with:  pip install 'resnet_hub[train]'")
