"""Published weights: the numbers of timm on photographs, and the accuracy that their authors report."""

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from random_weights import assert_equal
from timm.data import ImageNetInfo, create_transform, resolve_model_data_config

from resnet_hub import ResNet

# Right answers among the first 200 and the first 1,000 official test images of CIFAR-10. The authors report 91.7, 92.6,
# 93.1 and 93.4 % of all 10,000; the standard error of a share of 1,000 is 0.8 %.
AKAMASTER = {
    "cifar_resnet20": ("resnet20-12fca82f.th", {200: 182, 1000: 915}),
    "cifar_resnet32": ("resnet32-d509ac18.th", {200: 185, 1000: 928}),
    "cifar_resnet44": ("resnet44-014dd654.th", {200: 182, 1000: 933}),
    "cifar_resnet56": ("resnet56-4bfd9763.th", {200: 188, 1000: 926}),
}


@pytest.fixture(scope="module")
def files(data_folder):
    """Four photographs of ImageNet classes; a file's name begins with its class."""
    return sorted((data_folder / "imagenet_samples").glob("*.JPEG"))[::26]


@pytest.fixture(scope="module")
def photographs(files):
    """The photographs (4, 3, 224, 224) as timm prepares them for both networks."""
    transform = create_transform((3, 224, 224), is_training=False, interpolation="bilinear", crop_pct=0.875)
    return torch.stack([transform(Image.open(file).convert("RGB")) for file in files])


@pytest.fixture(scope="module")
def cifar_test_images(data_folder):
    """1,000 images (N, 3, 32, 32) as these networks take them, and their labels."""
    with np.load(data_folder / "cifar10_lossless_test1000.npz") as file:
        images, labels = torch.from_numpy(file["images"]), torch.from_numpy(file["labels"])
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((images / 255 - mean) / std).permute(0, 3, 1, 2), labels


@pytest.fixture(scope="module", params=["resnet18-imagenet", "resnet50-imagenet"])
def pair(request, data_folder):
    folder = data_folder / "weights" / request.param
    return ResNet.from_pretrained(folder), timm.create_model(f"local-dir:{folder}", pretrained=True).eval()


@pytest.fixture(scope="module")
def logits(pair, photographs):
    """Ours and timm's."""
    with torch.inference_mode():
        return [model(photographs) for model in pair]


def test_imagenet_weights_give_the_logits_of_timm_on_photographs(logits):
    assert_equal(*logits)


def test_imagenet_weights_know_half_of_the_photographs(logits, files):
    classes = ImageNetInfo().label_names()
    best = logits[0].argmax(1)
    known = sum(classes[index] == file.name.split("_")[0] for index, file in zip(best, files, strict=True))
    assert known >= len(files) / 2


def test_imagenet_weights_are_float32_whatever_the_file_holds(pair):
    assert {tensor.dtype for tensor in pair[0].state_dict().values()} == {torch.float32, torch.int64}


def test_imagenet_weights_bring_the_preprocessing_of_timm(pair):
    ours, theirs = pair
    config = resolve_model_data_config(theirs)
    assert ours.preprocessing.to_json() == {
        key: list(value) if isinstance(value, tuple) else value for key, value in config.items()
    }


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.parity)])
@pytest.mark.parametrize("name", AKAMASTER)
def test_cifar_weights_reach_their_accuracy(name, count, data_folder, cifar_test_images):
    file, right = AKAMASTER[name]
    model = ResNet.from_pretrained(data_folder / "weights/cifar-akamaster" / file, architecture=name)
    images, labels = (tensor[:count] for tensor in cifar_test_images)
    with torch.inference_mode():
        # One image may lie so near to two classes that another processor's rounding decides.
        assert abs((model(images).argmax(1) == labels).sum().item() - right[count]) <= 1
