"""The same repository through every client: our own classes, timm and datasets, each in a fresh process."""


def test_a_network_pushed_by_us_loads_here_and_in_timm_with_the_same_logits(run_with_hub):
    """One push, both readers; a difference in how layers are fused may show in the last digit only."""
    run_with_hub(
        """
        import timm, torch
        from resnet_hub import ResNet, create_model

        torch.manual_seed(0)
        images = torch.rand(2, 3, 64, 64)
        with torch.inference_mode():
            for name in ("resnet18", "cifar_resnet20"):
                model = create_model(name, num_classes=3).eval()
                model.push_to_hub(f"alice/{name}")
                loaded = ResNet.from_pretrained(f"alice/{name}")
                assert torch.equal(loaded(images), model(images)), name
            model = ResNet.from_pretrained("alice/resnet18@main")
            theirs = timm.create_model("hf-hub:alice/resnet18", pretrained=True).eval()
            torch.testing.assert_close(theirs(images), model(images), rtol=1e-5, atol=1e-5)
        """
    )


def test_a_network_pushed_by_timm_loads_here(run_with_hub):
    run_with_hub(
        """
        import timm, torch
        from resnet_hub import ResNet

        theirs = timm.create_model("resnet18", num_classes=3).eval()
        timm.models.push_to_hf_hub(theirs, "alice/theirs", model_config={"label_names": ["a", "b", "c"]})
        ours = ResNet.from_pretrained("alice/theirs")
        images = torch.rand(2, 3, 64, 64)
        with torch.inference_mode():
            torch.testing.assert_close(ours(images), theirs(images), rtol=1e-5, atol=1e-5)
        assert ours.label_names == ("a", "b", "c")
        """
    )


def test_a_data_set_pushed_by_datasets_loads_again(run_with_hub):
    printed = run_with_hub(
        """
        import numpy
        from datasets import ClassLabel, Dataset, Features, Image, load_dataset
        from PIL import Image as Picture

        pictures = [Picture.fromarray(numpy.full((8, 8, 3), value, "uint8")) for value in (0, 100, 200)]
        features = Features({"image": Image(), "label": ClassLabel(names=["ant", "bee"])})
        made = Dataset.from_dict({"image": pictures, "label": [0, 1, 0]}, features=features)
        made.push_to_hub("alice/insects", private=True)
        loaded = load_dataset("alice/insects", split="train")
        streamed = next(iter(load_dataset("alice/insects", split="train", streaming=True)))
        print(loaded.features["label"].names, loaded["label"][:], loaded[1]["image"].getpixel((0, 0)))
        print(streamed["image"].size)
        """
    )
    assert printed.splitlines() == ["['ant', 'bee'] [0, 1, 0] (100, 100, 100)", "(8, 8)"]
