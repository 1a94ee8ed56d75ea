"""A run from Python and from notebooks: keyword arguments, what is shown, and what is raised."""

import logging
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from accelerate import notebook_launcher
from images import COLORS, class_folders
from launching import forget_accelerator

from resnet_hub.errors import ConfigError, ResNetHubError
from resnet_hub.training import Run, finetune
from training.api.session import flags_of


@pytest.fixture(scope="module")
def colors(tmp_path_factory):
    return class_folders(tmp_path_factory.mktemp("data") / "colors", dict.fromkeys(COLORS, 8))


class Display:
    """Stands where a notebook shows what its cells give, and counts."""

    def __init__(self):
        self.shown, self.updated = [], []

    def display(self, figure, display_id):
        self.shown.append(figure)
        return SimpleNamespace(update=self.updated.append)


@pytest.fixture
def notebook(monkeypatch):
    """What is imported and asked in a notebook, which no test can be."""
    display = Display()
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, version_info=(9, 0)))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return display


def test_keyword_arguments_train_as_flags_do_and_a_notebook_shows_bar_and_curves(
    colors, tmp_path, notebook, capsys, blank_figures
):
    forget_accelerator()
    asked = {"model": "cifar_resnet20", "from_scratch": True, "epochs": np.int64(3), "workers": 0, "lr": 0.1}
    found = []
    notebook_launcher(
        lambda: found.append(finetune(colors, output=tmp_path / "run", precision="no", **asked)), num_processes=1
    )
    said = capsys.readouterr().err
    assert found == [Run(tmp_path / "run")]
    assert list(found[0].metrics.index) == [1, 2, 3]
    assert "epoch 3/3  train_loss" in said
    assert "images/s" in said
    assert (len(notebook.shown), len(notebook.updated)) == (1, 2)
    assert notebook.shown[0]._repr_png_().startswith(b"\x89PNG")
    assert logging.getLogger("training").level == logging.NOTSET
    # A second one in the same process computes otherwise, and says as an error of ours why it cannot be.
    with pytest.raises(ResNetHubError, match="already holds a run"):
        finetune(colors, output=tmp_path / "run", precision="bf16", **asked)
    with pytest.raises(ResNetHubError, match="is finished, so there is nothing to resume"):
        found[0].resume(epochs=5)


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        ({"dataset": "digits", "epochs": 3}, ["--dataset=digits", "--epochs=3"]),
        ({"lr": 1e-3, "overwrite": True, "flip": False}, ["--lr=0.001", "--overwrite", "--no-flip"]),
        ({"batch_size": "auto", "patience": None}, ["--batch-size=auto"]),
        ({"opt_betas": (0.9, 0.95), "recipe": "few-shot"}, ["--opt-betas=0.9,0.95", "--recipe=few-shot"]),
        ({"output": "runs/x", "resume": True}, ["--output=runs/x", "--resume"]),
        ({"lr": np.float32(1), "epochs": np.int32(2)}, ["--lr=1.0", "--epochs=2"]),
    ],
)
def test_keyword_arguments_are_the_flags_of_the_command_line(given, flags):
    assert flags_of(given) == flags


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"learning_rate": 0.1}, "finetune() takes no 'learning_rate'; here it is lr"),
        ({"num_labels": 3}, "finetune() takes no 'num_labels'; it is not needed: the classes are those of the dataset"),
        ({"num_train_epochs": 3}, "here it is epochs"),
        ({"xbsz": 3}, "the nearest are"),
        ({"epoch": 3}, "finetune() takes no 'epoch'; the nearest are 'epochs'"),
        ({"clip_norm": 1.0}, "it is called clip_grad_norm now"),
        ({"epochs": "three"}, "epochs='three' is not of the type that the setting has; give int"),
        ({"epochs": 2.5}, "give int"),
        ({"lr": True}, "give float"),
        ({"overwrite": "yes"}, "give bool"),
    ],
)
def test_a_slip_is_answered_with_the_name_or_the_type_that_is_meant(given, says):
    with pytest.raises(ConfigError) as refused:
        finetune("digits", **given)
    assert says in str(refused.value)


def test_a_setting_that_cannot_be_is_raised_and_ends_no_process():
    with pytest.raises(ConfigError, match="epochs"):
        finetune("digits", epochs=0)
    with pytest.raises(ConfigError, match="--dataset is missing"):
        finetune()
