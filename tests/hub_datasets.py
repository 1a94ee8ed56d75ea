"""Small datasets on the fake Hub, laid out as people lay them out: class folders, or images with a CSV of words."""

import io

from fake_hub.repository import Blob
from images import hash_free, image

FRENCH = {"red": "rouge", "green": "vert", "blue": "bleu"}


def encoded(color, number):
    file = io.BytesIO()
    image(color, hash_free(color, number)).save(file, "png")
    return file.getvalue()


def publish(fake_hub, repo_id, files, **settings):
    """Puts files into a new dataset of the fake Hub; returns the commit."""
    state = fake_hub.state
    owner = state.account(state.add_account(repo_id.partition("/")[0]))
    repository = state.create("datasets", repo_id, owner, **settings)
    blobs = {path: Blob(text if isinstance(text, bytes) else text.encode()) for path, text in files.items()}
    repository.commit("main", "files", blobs, (), None)
    return repository


def folders(count):
    return {f"train/{color}/{number}.png": encoded(color, number) for color in FRENCH for number in range(count)}


def with_names(count):
    """Images in one folder, and a CSV that says in words what they show."""
    rows = [(f"{color}-{number}.png", color, number) for color in FRENCH for number in range(count)]
    table = "".join(f"{file},{FRENCH[color]}\n" for file, color, _ in rows)
    return {
        "train/metadata.csv": f"file_name,label\n{table}",
        **{f"train/{file}": encoded(color, number) for file, color, number in rows},
    }
