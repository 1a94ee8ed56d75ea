"""Repositories on the Hub whose network no page can serve, each with the words in which a visitor is told so."""

import torch

from resnet_hub import create_model

NAME = "alice/net"
MOST_MB = 8
"""The largest weights that a page must take for these words to be right."""


def push(network, name=NAME):
    network.push_to_hub(name)


def push_damaged(_):
    network = create_model("cifar_resnet20", num_classes=3)
    with torch.no_grad():
        network.get_classifier().weight[0, 0] = torch.nan
    push(network)


def push_pickle(api):
    push(create_model("cifar_resnet20", num_classes=3))
    api.delete_file("model.safetensors", NAME)
    api.upload_file(path_or_fileobj=b"\x80", path_in_repo="pytorch_model.bin", repo_id=NAME)


def push_something_else(api):
    push(create_model("cifar_resnet20", num_classes=3))
    config = b'{"architectures": ["BertModel"], "model_type": "bert"}'
    api.upload_file(path_or_fileobj=config, path_in_repo="config.json", repo_id=NAME)


def push_gated(api):
    push(create_model("cifar_resnet20", num_classes=3))
    api.update_repo_settings(NAME, gated="manual")


def push_private(api):
    push(create_model("cifar_resnet20", num_classes=3))
    api.update_repo_settings(NAME, private=True)


REFUSED = {
    "missing": (lambda api: None, "'alice/net' was not found"),
    "private, though the owner of the page may read it": (push_private, "'alice/net' was not found, or it is private"),
    "gated, though the owner of the page may read it": (push_gated, "'alice/net' is gated"),
    "nothing but a pickle": (push_pickle, "only a pickle, which is never opened here"),
    "another kind of model": (
        push_something_else,
        "odel 'alice/net' cannot be opened: config.json names no architecture",
    ),
    "numbers instead of classes": (
        lambda api: push(create_model("cifar_resnet20", num_classes=3, task="regression")),
        "this network is for 'regression'",
    ),
    "no classes": (lambda api: push(create_model("cifar_resnet20", num_classes=0)), "no head"),
    "weights that are no numbers": (push_damaged, "not finite"),
    "too large": (lambda api: push(create_model("cifar_resnet20", num_classes=40_000)), "at most 8 MB"),
}
