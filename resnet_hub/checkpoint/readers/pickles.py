"""A pickle of PyTorch's -> its tensors, with `weights_only=True`; what training scripts note beside them is emptied.

No class of a file's is ever imported. Where one stands for mere notes (a Namespace of options, a path, a date), an
empty stand-in takes its place, so that the tensors can be read; where for anything else, the file is refused.
"""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import torch

from resnet_hub.checkpoint.readers.numpy_arrays import read_array_pickle, stand_in, with_tensors
from resnet_hub.errors import CheckpointError, Phrase
from resnet_hub.terminal import shown_name

NOTES = re.compile(
    r"(?:argparse\.Namespace|types\.SimpleNamespace|builtins\.(?:set|frozenset|int|float|str|bool|complex|list|dict|tuple|bytearray|slice)"
    r"|__main__\.\w+|torch\.(?:optim|distributed)\.[\w.]+"
    r"|(?:addict|box|collections|copyreg|datetime|decimal|easydict|enum|fvcore|hydra|lightning|lightning_fabric"
    r"|lightning_utilities|mmcls|mmcv|mmengine|mmpretrain|ml_collections|munch|numpy|omegaconf|pathlib|pytorch_lightning"
    r"|torchmetrics|types|typing|uuid|yacs)\.[\w.]+)"
)
"""Names of what holds options, measurements, dates and paths."""
TENSORS = re.compile(
    r"torch\.(?:_utils\._rebuild_\w+|_tensor\.\w+|storage\.\w+|serialization\.\w+|nn\.parameter\.\w+|\w*Storage|Tensor"
    r"|Size|device|dtype|layout|per_\w+|[a-z]+\d+\w*|strided)|collections\.(?:OrderedDict|Counter)|_codecs\.encode"
)
"""Names of what tensors are made of."""
MODELS = re.compile(r"torch\.(?:nn\.modules|ao|jit)\.|torchvision\.|timm\.|transformers\.|.*\.models?\.")
"""Names that a model leaves which was saved as an object."""
MAX_PICKLE_BYTES = 2**28
"""How much of a file is searched for names."""
SHOWN = 3
"""How many names an error shows."""
_allowing = Lock()


class _EmptyNotes:
    """Stands for whatever has named values: making one gives an empty dictionary, which takes them."""

    def __new__(cls, *_: object) -> Any:
        return OrderedDict()


class _Blank:
    """Stands for a number, a path or a date, and keeps nothing of it."""

    def __new__(cls, *_: object) -> _Blank:
        return super().__new__(cls)

    def __setstate__(self, _: object) -> None:
        pass


def read_pickle(file: Path, *, mapped: bool = False) -> Any:
    """What a file of `torch.save` holds; options and notes of training scripts are dictionaries, `vars` of them too.

    Args:
        file: The file.
        mapped: Leave the tensors' values on disk where the file can be mapped.

    Raises:
        CheckpointError: Reading it would need more than tensors, numbers and notes.
        Exception: It is damaged, or no file of PyTorch's.
    """
    try:
        return _loaded(file, mapped)
    except Exception:  # the unpickler raises any type on what it does not know and on what is damaged
        names = sorted(names_in(file))
        strange = [name for name in names if not TENSORS.fullmatch(name)]
        refused = [name for name in strange if not NOTES.fullmatch(name)]
        if refused:
            raise _refusal(file, refused) from None
        if not strange:
            raise
    stand_ins: list[Any] = [(_stand_in(name), name) for name in strange]
    try:
        with _allowing, torch.serialization.safe_globals(stand_ins):  # the list is one for the whole process
            return with_tensors(_loaded(file, mapped))
    except Exception:  # as above; a pickle that is no zip may hold plain arrays
        if zipfile.is_zipfile(file):
            raise
    return read_array_pickle(file)


def _loaded(file: Path, mapped: bool) -> Any:
    if file.suffix == ".safetensors":  # PyTorch goes by the name: without one it sees the bytes
        with file.open("rb") as opened:
            return torch.load(opened, map_location="cpu", weights_only=True)
    return torch.load(file, map_location="cpu", weights_only=True, mmap=mapped and _is_uncompressed(file))


def _is_uncompressed(file: Path) -> bool:
    """Whether it is a zip as PyTorch writes it, which can be mapped; one that somebody packed anew cannot."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())


def names_in(file: Path) -> set[str]:
    """The names of all classes and functions that a file's pickle refers to; nothing is unpickled."""
    found: set[str] = set()
    for stream in _streams(file):
        for _ in range(5):  # a file of older versions is five pickles in a row
            before = stream.tell()
            try:
                found |= set(_names(stream))
            except (ValueError, IndexError, UnicodeError):
                break
            if stream.tell() == before:
                break
    return found


def notes_of(value: object) -> dict[str, Any]:
    """The named values of what a training script kept: of a dictionary, or of an object whose stand-in it is."""
    if not isinstance(value, dict):
        return {}
    return {**{str(name): kept for name, kept in vars(value).items()}, **value} if hasattr(value, "__dict__") else value


def _streams(file: Path) -> Iterator[BytesIO]:
    """The bytes of a file that are pickles."""
    if not zipfile.is_zipfile(file):
        with file.open("rb") as opened:
            yield BytesIO(opened.read(MAX_PICKLE_BYTES))
        return
    with zipfile.ZipFile(file) as archive:
        for part in archive.infolist():
            if part.filename.endswith(".pkl") and part.file_size <= MAX_PICKLE_BYTES:
                yield BytesIO(archive.read(part))


def _names(stream: BytesIO) -> Iterator[str]:
    """The names that one pickle refers to, under their modules of today."""
    texts: list[str] = [""]  # the texts on the stack, of which the last two are a module and a name in it
    memo: dict[int, str] = {}
    for code, argument, _ in pickletools.genops(stream):
        if code.name in ("GLOBAL", "INST"):
            module, _, name = str(argument).partition(" ")
        elif code.name == "STACK_GLOBAL":
            module, name = texts[-2:]
        else:
            if code.name == "MEMOIZE":
                memo[len(memo)] = texts[-1]
            elif code.name.endswith("GET"):
                texts.append(memo.get(int(argument or 0), ""))
            elif argument is not None and code.stack_after:
                texts.append(argument if isinstance(argument, str) else "")
            continue
        yield f"{ {'__builtin__': 'builtins', 'copy_reg': 'copyreg'}.get(module, module) }.{name}"


def _stand_in(name: str) -> type:
    if array := stand_in(name):
        return array
    return _Blank if name.startswith(("numpy.", "pathlib.", "datetime.", "uuid.", "decimal.")) else _EmptyNotes


def _refusal(file: Path, names: list[str]) -> CheckpointError:
    """What is said of a pickle that holds more than tensors and notes."""
    names = sorted(names, key=lambda name: name.startswith("torch."))  # their own classes say more than the layers
    shown = ", ".join(map(shown_name, names[:SHOWN])) + (f" + {len(names) - SHOWN}" if len(names) > SHOWN else "")
    model = any(MODELS.match(name) for name in names)
    what = Phrase("checkpoint.whole_model" if model else "checkpoint.runs_code", names=shown)
    return CheckpointError("checkpoint.unsafe_pickle", file=str(file), what=what)
