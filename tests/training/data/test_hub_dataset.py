"""Datasets of the Hub: tables are read as local ones are; nothing outside of the repository is read or asked for."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
from error_facts import code_and_fields
from hub_datasets import encoded, folders, publish, with_names
from images import image

from training.data.repository_files import list_repository
from training.layouts import Ledger


def zeros(count):
    """A CSV at the root, whose classes have zeros in front, and its images in a folder."""
    rows = [(f"img/{color}-{number}.png", color, number) for color in ("red", "green") for number in range(count)]
    table = "".join(f"{file},{'01' if color == 'red' else '02'}\n" for file, color, _ in rows)
    return {"train.csv": f"photo,label\n{table}", **{file: encoded(color, number) for file, color, number in rows}}


def hostile(names):
    """A parquet file with images, and cells that name files."""
    cells = [{"bytes": encoded(("red", "green")[number % 2], number), "path": None} for number in range(12)]
    cells += [{"bytes": None, "path": name} for name in names]
    labels = [("red", "green")[number % 2] for number in range(len(cells))]
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    file = io.BytesIO()
    pq.write_table(pa.table({"image": pa.array(cells, kind), "label": labels}), file)
    return file.getvalue()


READ = """
from training.data import load_data
from training.settings.recipe import FinetuneRecipe
from resnet_hub.errors import DataError
from resnet_hub.preprocessing import open_image
from training.inspection import digest
import datasets
datasets.config.SLEEP_TIME_ON_THREADS_SHUTDOWN = 0.1

def load(name, **settings):
    try:
        data = load_data(FinetuneRecipe(dataset=name, max_bad_images=90, **settings))
    except DataError as error:
        print("ERROR", error.code, error.fields)
        return None
    print(data.label_names, sum(map(len, data.splits)), data.revision)
    return data

def shown(data):
    return {digest(open_image(split.image(index)[0])) for split in data.splits for index in range(len(split))}
"""


def test_a_csv_with_names_of_images_keeps_its_zeros_and_its_commit(fake_hub, run_with_hub):
    publish(fake_hub, "alice/zeros", zeros(3))
    publish(fake_hub, "alice/words", with_names(2))
    printed = run_with_hub(f"{READ}\nload('alice/zeros')\nload('alice/words')", "training.data")
    lines = printed.splitlines()
    assert lines[-2].startswith("('01', '02') 6 ")
    assert len(lines[-2].split()[-1]) == 40
    assert lines[-1].startswith("('bleu', 'rouge', 'vert') 6 ")


def test_no_cell_and_no_card_of_a_stranger_leads_out_of_the_repository(fake_hub, run_with_hub, tmp_path):
    private = tmp_path / "private.png"
    image("blue", 4711).save(private)
    names = [str(private), "/etc/passwd", "../private.png", f"file://{private}", f"{fake_hub.url}/stolen.png"]
    names += [f"zip://x.png::{fake_hub.url}/stolen.zip", "hf://datasets/alice/other/train/a.png", "lost.png", "."]
    publish(fake_hub, "alice/other", {"train/a.png": encoded("blue", 4711)})
    publish(fake_hub, "alice/cells", {"data/train-00000-of-00001.parquet": hostile(names)})
    for number, files in enumerate([f"{tmp_path}/*.csv", "../other/*.png", f"{fake_hub.url}/stolen.csv"]):
        card = f"---\nconfigs:\n- config_name: a\n  data_files: '{files}'\n---\n"
        publish(fake_hub, f"alice/card{number}", {"README.md": card, "x.csv": "image,label\n"})
    printed = run_with_hub(
        f"""
{READ}
from PIL import Image
data = load("alice/cells")
stream = load("alice/cells", streaming=True, max_steps=1, label_names="red,green", workers=0, batch_size=4)
private = digest(open_image({str(private)!r}))
print(private in shown(data))
contents = {{row[0] for _, (_, row) in zip(range(60), stream.train.passes())}}
contents |= {{stream.validation.image(index)[0] for index in range(len(stream.validation))}}
print(len(contents), open({str(private)!r}, "rb").read() in contents)
for number in range(3):
    load(f"alice/card{{number}}")
""",
        "training.data.load",
    )
    lines = [line for line in printed.splitlines() if line]
    assert lines[0].startswith("('green', 'red') 12 ")
    assert lines[2] == "False"
    assert lines[3] in ("12 False", "13 False")  # all that is refused is held out together, or not
    assert [line.split()[:2] for line in lines[4:]] == [["ERROR", "tables.card_leads_out"]] * 3
    assert not [path for _, path in fake_hub.state.requests if "stolen" in path]


CARD = """---
configs:
- config_name: whole
  data_files: data/train-*
- config_name: small
  data_dir: less
  data_files:
  - split: train
    path: "*.parquet"
---
"""


def test_every_file_of_a_repository_is_used_or_told_with_the_reason(fake_hub, run_with_hub):
    rows = hostile([])
    files = {"README.md": CARD, "data/train-0.parquet": rows, "less/a.parquet": rows, "notes.txt": "x"}
    publish(fake_hub, "alice/configs", files | {"more.png": encoded("red", 9)})
    publish(fake_hub, "alice/folders", folders(2) | {"README.md": "# Pets"})
    publish(fake_hub, "alice/words", with_names(2) | {"train/lost.png": encoded("red", 9)})
    publish(fake_hub, "alice/zeros", zeros(2) | {"img/lost.png": encoded("red", 9)})
    printed = run_with_hub(
        f"""
{READ}
streamed = dict(streaming=True, max_steps=1, workers=0, batch_size=4, val_fraction=0.5)
for name, settings in [
    ("configs:whole", {{}}), ("folders", {{}}), ("words", {{}}), ("zeros", {{}}), ("folders", streamed),
    ("configs:whole", streamed | {{"label_names": "green,red"}}),
]:
    ledger = load(f"alice/{{name}}", **settings).ledger
    told = [(entry.reason.code, *entry.names) for entry in ledger.left_out if entry.unit == "files"]
    print("FILES", dict(sorted(ledger.roles.items())), sorted(told), ledger.unaccounted()["files"])
""",
        "training.data.load",
    )
    folder_of_images, not_named = {"card": 2, "image": 6}, "tables.not_named"
    others = [("ledger.no_config", "notes.txt"), ("ledger.other_config", "less/a.parquet")]
    assert [line for line in printed.splitlines() if line.startswith("FILES")] == [
        f"FILES {roles} {told} 0"
        for roles, told in (
            ({"card": 2, "table": 1}, [*others, (not_named, "more.png")]),
            (folder_of_images, []),
            ({"card": 1, "image": 6, "table": 1}, [(not_named, "train/lost.png")]),
            ({"card": 1, "image": 4, "table": 1}, [(not_named, "img/lost.png")]),
            (folder_of_images, []),
            ({"card": 2, "image, if a row names it": 1, "table": 1}, others),
        )
    ]


def test_a_repository_that_the_hub_cannot_list_is_said(monkeypatch):
    def unreachable(*_arguments, **_settings):
        raise ConnectionError

    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", unreachable)
    ledger = Ledger()
    assert list_repository("alice/pets", None, ledger) is None
    assert [code_and_fields(line) for line in ledger.decisions] == [("datasets.files_unlisted", {"name": "alice/pets"})]
