"""The same repository through every client: our own classes, timm, transformers and datasets, in fresh processes."""


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
        """,
        "timm",
        "resnet_hub",
    )


def test_a_network_pushed_by_timm_loads_here_and_in_timm_again(run_with_hub):
    run_with_hub(
        """
        import timm, torch
        from resnet_hub import ResNet

        theirs = timm.create_model("resnet18", num_classes=3).eval()
        timm.models.push_to_hf_hub(theirs, "alice/theirs", model_config={"label_names": ["a", "b", "c"]})
        ours = ResNet.from_pretrained("alice/theirs")
        again = timm.create_model("hf-hub:alice/theirs", pretrained=True).eval()
        images = torch.rand(2, 3, 64, 64)
        with torch.inference_mode():
            assert torch.equal(again(images), theirs(images))
            torch.testing.assert_close(ours(images), theirs(images), rtol=1e-5, atol=1e-5)
        assert ours.label_names == ("a", "b", "c")
        """,
        "timm",
        "resnet_hub",
    )


def test_a_data_set_pushed_by_datasets_loads_again(run_with_hub):
    printed = run_with_hub(
        """
        import numpy
        import datasets
        from datasets import ClassLabel, Dataset, Features, load_dataset
        from PIL import Image

        images = [Image.fromarray(numpy.full((8, 8, 3), value, "uint8")) for value in (0, 100, 200)]
        features = Features({"image": datasets.Image(), "label": ClassLabel(names=["ant", "bee"])})
        made = Dataset.from_dict({"image": images, "label": [0, 1, 0]}, features=features)
        made.push_to_hub("alice/insects", private=True)
        loaded = load_dataset("alice/insects", split="train")
        streamed = next(iter(load_dataset("alice/insects", split="train", streaming=True)))
        print(loaded.features["label"].names, loaded["label"][:], loaded[1]["image"].getpixel((0, 0)))
        print(streamed["image"].size)
        """,
        "datasets",
    )
    assert printed.splitlines() == ["['ant', 'bee'] [0, 1, 0] (100, 100, 100)", "(8, 8)"]


def test_a_network_pushed_by_us_classifies_alike_in_transformers(run_with_hub):
    """AutoModel and AutoImageProcessor find the same logits, class names and pixels in the repository."""
    run_with_hub(
        """
        import numpy, torch
        from PIL import Image
        from resnet_hub import create_model
        from transformers import AutoImageProcessor, AutoModelForImageClassification

        torch.manual_seed(0)
        model = create_model("resnet18", num_classes=3, label_names=("ant", "bee", "wasp")).eval()
        model.push_to_hub("alice/insects")
        theirs = AutoModelForImageClassification.from_pretrained("alice/insects").eval()
        image = Image.fromarray(numpy.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype="uint8"))
        pixels = AutoImageProcessor.from_pretrained("alice/insects")(image, return_tensors="pt")["pixel_values"]
        assert pixels.shape == (1, 3, 224, 224)
        with torch.inference_mode():
            torch.testing.assert_close(theirs(pixels).logits, model(pixels), rtol=1e-5, atol=1e-5)
        assert theirs.config.id2label == {0: "ant", 1: "bee", 2: "wasp"}
        """,
        "resnet_hub",
        "transformers",
    )


def test_folders_of_images_and_tables_load_by_their_id_whole_and_as_streams(run_with_hub):
    """An imagefolder's labels come from its folders, a table's from its column, as strings."""
    printed = run_with_hub(
        """
        import io
        from datasets import load_dataset
        from huggingface_hub import CommitOperationAdd, HfApi
        from PIL import Image

        def image(shade):
            file = io.BytesIO()
            Image.new("RGB", (8, 8), (shade, shade, shade)).save(file, "png")
            return file.getvalue()

        def push(repo_id, files):
            api = HfApi()
            api.create_repo(repo_id, repo_type="dataset", private=True)
            added = [CommitOperationAdd(path, content) for path, content in files.items()]
            api.create_commit(repo_id, added, commit_message="add", repo_type="dataset")

        shades = {"train/ant/1.png": 0, "train/ant/2.png": 50, "train/bee/1.png": 100, "test/bee/2.png": 200}
        push("alice/folders", {path: image(shade) for path, shade in shades.items()})
        table = "file_name,label\\n1.png,ant\\n2.png,bee\\n"
        images = {"train/1.png": image(0), "train/2.png": image(9)}
        push("alice/table", {"train/metadata.csv": table.encode(), **images})
        push("alice/numbers", {"train.csv": b"size,label\\n1,ant\\n2,bee\\n"})

        for repo_id, column in (("alice/folders", "label"), ("alice/table", "label"), ("alice/numbers", "label")):
            loaded = load_dataset(repo_id, split="train")
            streamed = load_dataset(repo_id, split="train", streaming=True)
            assert [row[column] for row in streamed] == loaded[column][:], repo_id
            if "image" in loaded.features:
                pixels = [row["image"].getpixel((0, 0))[0] for row in streamed]
                assert pixels == [row["image"].getpixel((0, 0))[0] for row in loaded], repo_id
                print(pixels)
            print(getattr(loaded.features[column], "names", None), loaded[column][:])
        print(load_dataset("alice/folders", split="test")["label"][:])
        """,
        "datasets",
    )
    assert printed.splitlines() == [
        "[0, 50, 100]",
        "['ant', 'bee'] [0, 0, 1]",
        "[0, 9]",
        "None ['ant', 'bee']",
        "None ['ant', 'bee']",
        "[1]",
    ]
