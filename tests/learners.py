"""Learners over a few generated images, for tests of what happens inside a run."""

import torch
from images import class_folders
from launching import forget_accelerator

from resnet_hub import create_model
from training.data.load import load_data
from training.finetune import make_loaders
from training.hardware import make_accelerator
from training.loop.learner import make_learner
from training.settings.recipe import FinetuneRecipe

SMALL = {"in_chans": 3, "num_classes": 2}
NO_STATISTICS = {"norm_layer": "groupnorm1"}
"""An option of networks whose images do not depend on the others of their batch."""


def make_data(folder, count=25):
    """Images of two classes; 4 of 5 are trained on."""
    return class_folders(folder, {"red": count, "green": count})


def start(folder, architecture="cifar_resnet20", options=None, size=16, **settings):
    """A learner with its prepared loaders, as a run in one process has them."""
    forget_accelerator()
    settings = {"batch_size": 8, "lr": 0.01, "workers": 0, "warmup_epochs": 0, "epochs": 2, **settings}
    recipe = FinetuneRecipe(dataset=str(folder), precision="no", **settings)
    accelerator = make_accelerator(recipe.precision, threads=1)
    torch.manual_seed(recipe.seed)
    network = create_model(architecture, **SMALL, **(options or {}))
    network.preprocessing = type(network.preprocessing)(input_size=(3, size, size))
    loaders = make_loaders(recipe, load_data(recipe), network, accelerator)
    return make_learner(recipe, network, loaders, accelerator)


def state(learner):
    """A copy of all weights and statistics."""
    return {name: tensor.clone() for name, tensor in learner.network.state_dict().items()}
