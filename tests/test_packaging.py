"""What is installed: every import declared in one list, every file in the wheel, and a trainer that runs."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from resnet_hub.imports.extras import EXTRAS

REPOSITORY = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
NAMED_OTHERWISE = {"PIL": "pillow", "yaml": "pyyaml", "sklearn": "scikit-learn"}
# What a file imports beyond the list of its folder, because it asks first whether it is there.
ASKED_FOR = {
    "resnet_hub/checkpoint/readers/keras_files.py": {"h5py"},
    "resnet_hub/cli/inference/answer_forms.py": {"pyarrow"},
    "resnet_hub/explain/trainability.py": {"sklearn"},
    "resnet_hub/export/graphs/evidence.py": {"onnx"},
    "resnet_hub/export/graphs/half_precision.py": {"onnx"},
    "resnet_hub/export/graphs/images.py": {"onnx"},
    "resnet_hub/export/graphs/pixels.py": {"onnx"},
    "resnet_hub/export/graphs/resampling.py": {"onnx"},
    "resnet_hub/export/quantization/activations.py": {"onnx", "onnxruntime"},
    "resnet_hub/export/quantization/whole_numbers.py": {"onnx", "onnxruntime"},
    "resnet_hub/export/runtime_files.py": {"onnx", "onnxruntime", "openvino"},
    "resnet_hub/runtime/exported.py": {"onnxruntime", "openvino"},
    "training/loop/reporting/live_curves.py": {"IPython"},
    "resnet_hub/cli/commands/completion.py": {"shtab"},
    "resnet_hub/demo/serving/networks/zero_gpu.py": {"spaces"},
}


def normal(name):
    return name.lower().replace("_", "-")


def requirement(line):
    """The name of a package in a requirement, without extras and versions."""
    return normal(re.split(r"[<>=\[@ ]", line)[0])


def listed(*extras):
    """The requirements of the package with these extras, each once, in their order."""
    optional = PROJECT["optional-dependencies"]
    return list(dict.fromkeys([*PROJECT["dependencies"], *(line for extra in extras for line in optional[extra])]))


def imported(file):
    """The first parts of all modules that are imported anywhere in a file, those of Python and our own aside."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"resnet_hub", "training"}


def imported_in(folder, *, without=None):
    files = [file for file in (REPOSITORY / folder).rglob("*.py") if without not in file.parts]
    used = [imported(file) - ASKED_FOR.get(file.relative_to(REPOSITORY).as_posix(), set()) for file in files]
    return set().union(*used)


def packages(modules):
    return {normal(NAMED_OTHERWISE.get(name, name)) for name in modules}


CORE = imported_in("resnet_hub", without="demo")


def test_what_the_library_imports_is_what_it_brings():
    assert packages(CORE) == {requirement(line) for line in listed()}


def test_what_is_imported_beyond_the_core_is_what_an_extra_brings():
    assert imported_in("training") - CORE == set(EXTRAS["train"])
    assert imported_in("resnet_hub/demo") - CORE | {"sklearn"} == set(EXTRAS["demo"])
    for extra, modules in EXTRAS.items():
        assert {requirement(line) for line in PROJECT["optional-dependencies"][extra]} == packages(modules)


def lines(file):
    return [line for line in (REPOSITORY / file).read_text().splitlines() if line and not line.startswith("#")]


def test_requirements_are_listed_once():
    assert PROJECT["optional-dependencies"]["all"] == ["resnet_hub[train,demo,keras,onnx,openvino]"]
    # requirements.txt holds the list as text, since a Space reads it before there is a project beside it.
    assert lines("requirements.txt") == listed("train", "demo")


def test_what_is_listed_is_pinned():
    pinned = {requirement(line) for line in lines("constraints.txt")}
    assert {requirement(line) for line in listed("train", "demo", "dev")} - {"resnet-hub"} <= pinned


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A copy of what git tracks or would track, in which a build may write."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    folder = tmp_path_factory.mktemp("sources")
    for name in filter(None, told.split("\0")):
        source, target = REPOSITORY / name, folder / name
        if source.is_file() and name.partition("/")[0] not in ("docs", "tests"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return folder


@pytest.fixture(scope="module")
def wheel(sources):
    """The wheel, taken apart into a folder, as `pip install` would."""
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(sources / "dist"),
        str(sources),
    ]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (file,) = (sources / "dist").glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        archive.extractall(sources / "installed")
    return sources / "installed"


def files_in(folder):
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in found if "__pycache__" not in name}


def test_every_file_of_the_package_and_of_the_trainer_is_in_the_wheel(sources, wheel):
    trainer = {f"training/{name}" for name in files_in(sources / "training")}
    assert files_in(wheel / "resnet_hub") == files_in(sources / "resnet_hub") - {"training.py"} | trainer
    assert {path.name.partition("-")[0] for path in wheel.iterdir()} == {"resnet_hub"}


def test_the_wheel_brings_no_page_and_no_trainer_unless_asked(wheel):
    (file,) = wheel.glob("*.dist-info/METADATA")
    told = HeaderParser().parsestr(file.read_text("utf-8"))
    brought = {requirement(line) for line in told.get_all("Requires-Dist") if "extra ==" not in line}
    assert brought == {requirement(line) for line in listed()}
    assert {"train", "demo", "all"} <= set(told.get_all("Provides-Extra"))


def test_the_installed_trainer_runs_where_no_checkout_is(wheel, tmp_path):
    command = [sys.executable, "-m", "resnet_hub.training.finetune", "--help"]
    told = {**os.environ, "PYTHONPATH": str(wheel)}
    done = subprocess.run(command, cwd=tmp_path, env=told, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: accelerate launch -m resnet_hub.training.finetune ")
    assert "settings to start from: adam-step, digits," in " ".join(done.stdout.split())
