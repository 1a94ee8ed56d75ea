"""One measurement of a split: each image once, in the order of the rows, whatever order the answers come in."""

import pytest
import torch
from learners import make_data, start

from resnet_hub import ResNet
from training.loop.evaluation import evaluate, find_temperature, unmapped
from training.metrics.calibration import fit_temperature

ALIGNMENT = 64
"""Bytes at whose multiples PyTorch puts a tensor of its own on a CPU."""


@pytest.fixture
def prepared(tmp_path):
    make_data(tmp_path, 20)
    return start(tmp_path)


def test_the_order_of_the_images_does_not_matter(prepared):
    learner, loaders = prepared
    batches = list(loaders["validation"])
    pixels, labels, rows = (torch.cat(column) for column in zip(*batches, strict=True))
    mixed = torch.randperm(len(rows), generator=torch.Generator().manual_seed(1))
    whole, shuffled = (
        evaluate(learner.accelerator, learner.model, loader, learner.preprocessing, bar=False)
        for loader in ([(pixels, labels, rows)], [(pixels[mixed], labels[mixed], rows[mixed])])
    )
    assert shuffled.targets.tolist() == whole.targets.tolist()
    assert shuffled.losses == pytest.approx(whole.losses, rel=1e-5)


def test_loaded_weights_get_the_addresses_that_those_of_a_run_have(tiny_checkpoint):
    network = ResNet.from_pretrained(tiny_checkpoint)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert any(tensor.data_ptr() % ALIGNMENT for tensor in network.parameters())  # as the file has them
    after = unmapped(network).state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert not any(tensor.data_ptr() % ALIGNMENT for tensor in network.parameters())


def test_the_temperature_is_fitted_to_the_logits_of_the_split(prepared):
    learner, loaders = prepared
    learner.model.eval()
    found = find_temperature(
        learner.accelerator, learner.model, loaders["validation"], learner.preprocessing, task="single_label"
    )
    from training.loading.augment import prepare_batch

    with torch.no_grad():
        pairs = [
            (learner.model(prepare_batch(pixels, learner.preprocessing)), labels)
            for pixels, labels, _ in loaders["validation"]
        ]
    logits, labels = (torch.cat(column) for column in zip(*pairs, strict=True))
    assert found == pytest.approx(fit_temperature(logits, labels, "single_label"), abs=2e-4)
