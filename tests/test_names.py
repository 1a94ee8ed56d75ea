"""The names of the package are imported when they are asked for: what needs no torch does not load it."""

import subprocess
import sys

import pytest

import resnet_hub
from resnet_hub.checkpoint.bundled import BUNDLED


def loaded_after(program, *modules):
    """Which of the modules a new Python holds after a program, whose own output is kept apart."""
    last = f"import sys; sys.stderr.write(chr(10) + ' '.join(name for name in {modules!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", f"{program}\n{last}"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1].split()


@pytest.mark.parametrize("name", resnet_hub.__all__)
def test_a_name_is_what_its_module_holds(name):
    module = sys.modules[getattr(resnet_hub, name).__module__]
    assert getattr(resnet_hub, name) is getattr(module, name)
    assert name in dir(resnet_hub)


def test_the_table_has_the_names_that_are_offered():
    assert sorted(resnet_hub._MODULES) == sorted(resnet_hub.__all__)


def test_a_module_is_there_without_an_import_of_its_own():
    program = "import resnet_hub; resnet_hub.runtime.native_bf16"
    assert loaded_after(program, "resnet_hub.runtime", "resnet_hub.demo") == ["resnet_hub.runtime"]


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'resnet_hub' has no attribute 'Resnet'"):
        _ = resnet_hub.Resnet
    with pytest.raises(ImportError, match="cannot import name 'Resnet'"):
        from resnet_hub import Resnet  # noqa: F401


def test_the_package_is_imported_without_torch():
    assert loaded_after("import resnet_hub; resnet_hub.list_architectures()", "torch", "numpy", "huggingface_hub") == []


@pytest.mark.parametrize(
    "arguments", [["list"], ["list", "--tags"], ["list", "--help"], ["--help"], ["--version"]], ids=" ".join
)
def test_what_only_lists_or_helps_loads_no_torch(arguments):
    program = f"from resnet_hub.cli import main\ntry:\n    main({arguments!r})\nexcept SystemExit:\n    pass"
    assert loaded_after(program, "torch", "numpy", "huggingface_hub", "gradio", "accelerate") == []


def test_a_checkpoint_is_loaded_and_answers_without_timm_and_torchvision():
    program = (
        "from PIL import Image\n"
        "from resnet_hub import ImageClassifier, ResNet\n"
        f"folder = {str(BUNDLED)!r}\n"
        "assert len(ImageClassifier.from_pretrained(folder)(Image.new('RGB', (40, 40)))) == 5\n"
        "ImageClassifier(ResNet.from_pretrained(folder, num_classes=1000)).label_names\n"
    )
    others = ("timm", "torchvision", "matplotlib", "sklearn", "datasets", "accelerate", "gradio", "transformers")
    assert loaded_after(program, *others) == []


def test_the_process_that_uploads_loads_nothing_that_trains():
    others = ("accelerate", "datasets", "pyarrow", "matplotlib", "sklearn", "timm", "torchvision", "transformers")
    assert loaded_after("from training.push.pusher import main", *others) == []


def test_the_trainer_is_imported_without_what_its_first_step_does_not_need():
    others = ("matplotlib", "sklearn", "scipy.optimize", "torch.distributed.tensor", "sympy", "timm", "torchvision")
    assert loaded_after("import training.finetune", *others) == []
