"""What a file is, by its first bytes and never by its name: a form that is read here, or a sentence why it is none."""

from __future__ import annotations

import logging
import re
import zipfile
from pathlib import Path

from resnet_hub.checkpoint.readers.keras_files import HDF5_SIGNATURE, is_keras_zip
from resnet_hub.errors import CheckpointError, Phrase
from resnet_hub.terminal import shown_name

logger = logging.getLogger(__name__)

SAFETENSORS, PICKLE, HDF5, KERAS, ZIP = "safetensors", "pickle", "hdf5", "keras", "zip"
"""The forms that weights are read from; a zip has a file of another form in it."""
HEADER_BYTES = 512
SHORTEST_TEXT = 8
"""Fewer bytes may be letters by chance."""
TEXT_PICKLE = re.compile(rb"\([dlti]|c[\w.]+\n\w+\n|[\]}]q")
MAX_SAFETENSORS_HEADER = 100_000_000
"""Source: the limit of the format itself."""
# The first bytes of what people save as weights by mistake.
STRANGERS: tuple[tuple[re.Pattern[bytes], Phrase], ...] = (
    (re.compile(rb"version https://git-lfs"), Phrase("checkpoint.is_lfs_pointer")),
    (re.compile(rb"\s*<(?:!doctype|html|head|\?xml)", re.IGNORECASE), Phrase("checkpoint.is_html")),
    (re.compile(rb"\s*[\[{]\s*[\"\]}\[{]"), Phrase("checkpoint.is_json")),
    (re.compile(rb"\x08[\x01-\x20]\x12.[ -~]|\x08[\x01-\x20][\x28\x3a]", re.DOTALL), Phrase("checkpoint.is_onnx")),
    (re.compile(rb"\x08[\x01-\x10]\x12[\x80-\xff]{1,4}[\x01-\x7f]\n"), Phrase("checkpoint.is_program")),
    (re.compile(rb".{4}TFL3", re.DOTALL), Phrase("checkpoint.is_tflite")),
    (re.compile(rb"\x12\x01\0{6}"), Phrase("checkpoint.is_mxnet")),
    (re.compile(rb"[\x81-\x8f][\xa1-\xbf][a-z_]+[\x81-\x8f\xde\xdf]"), Phrase("checkpoint.is_flax")),
    (re.compile(rb"GGUF"), Phrase("checkpoint.is_gguf")),
    (re.compile(rb"\x93NUMPY"), Phrase("checkpoint.is_numpy")),
    (
        re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd|.{257}ustar", re.DOTALL),
        Phrase("checkpoint.is_archive"),
    ),
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", re.DOTALL), Phrase("checkpoint.is_image")),
    (re.compile(rb"%PDF"), Phrase("checkpoint.is_document")),
)
# What a zip is, by names in it that only one writer gives; the first that fits.
ZIPS: tuple[tuple[re.Pattern[str], Phrase], ...] = (
    (re.compile(r"(?:.*/)?standardized_conv2d/kernel\.npy"), Phrase("checkpoint.is_bit")),
    (re.compile(r"(?:[^/]+/)?constants\.pkl"), Phrase("checkpoint.is_torchscript")),
    (re.compile(r"(?:[^/]+/)?archive_format"), Phrase("checkpoint.is_exported_program")),
    (
        re.compile(r"\.data/(?:version|extern_modules)|[^/]+/\.data/(?:version|extern_modules)"),
        Phrase("checkpoint.is_torch_package"),
    ),
    (re.compile(r"(?:.*/)?saved_model\.pb"), Phrase("checkpoint.is_saved_model")),
    (re.compile(r"(?:.*/)?Manifest\.json"), Phrase("checkpoint.is_coreml")),
    (re.compile(r"[^/]+\.npy"), Phrase("checkpoint.is_numpy")),
)
TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
"""The last bytes of LevelDB's tables, which TensorFlow's checkpoints have as .index."""
TORCH = re.compile(r"(?:[^/]+/)?data\.pkl")
"""What torch.save puts into its zip."""


def form_of(file: Path) -> str:
    """The form that a file is to be read in; where its name says another, a log line says so.

    Raises:
        CheckpointError: It is empty, or is known to be something else than weights; the sentence says what to do.
    """
    with file.open("rb") as opened:
        start = opened.read(HEADER_BYTES)
        opened.seek(max(0, file.stat().st_size - len(TABLE_END)))
        if opened.read() == TABLE_END:
            raise _stranger(file, Phrase("checkpoint.is_tensorflow"))
    form = _form(file, start)
    named = SAFETENSORS if file.suffix == ".safetensors" else PICKLE if form == SAFETENSORS else form
    if form != named and file.suffix:
        logger.warning("%s holds %s, whatever its name says; it is read as that", file, form)
    return form


def _form(file: Path, start: bytes) -> str:
    if not start:
        raise _stranger(file, Phrase("checkpoint.is_empty"))
    if start.startswith(HDF5_SIGNATURE):
        return HDF5
    if start.startswith(b"PK") and zipfile.is_zipfile(file):
        return _zip_form(file)
    length = int.from_bytes(start[:8], "little")
    if start[8:9] == b"{" and length <= max(MAX_SAFETENSORS_HEADER, file.stat().st_size):
        return SAFETENSORS
    for signature, what in STRANGERS:
        if signature.match(start):
            raise _stranger(file, what)
    if (text := _text(start)) is not None:
        raise _stranger(file, Phrase("checkpoint.is_text", start=shown_name(text)))
    if not any(start) and not any(file.read_bytes() if file.stat().st_size < 2**20 else start):
        raise _stranger(file, Phrase("checkpoint.is_zeros"))
    return SAFETENSORS if file.suffix == ".safetensors" and start[:1] != b"\x80" else PICKLE


def _text(start: bytes) -> str | None:
    """The first line where a file begins as text does; None for bytes, and for a pickle in letters, of protocol 0."""
    if len(start) < SHORTEST_TEXT or TEXT_PICKLE.match(start):
        return None
    try:
        text = start.decode()
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3 or len(start) < HEADER_BYTES:  # not a letter that was cut in two
            return None
        text = start[: error.start].decode()
    if not all(letter.isprintable() or letter in "\t\r\n\f\ufeff" for letter in text):
        return None
    return next(iter(text.strip("\ufeff \t\r\n\f").splitlines()), None)


def _zip_form(file: Path) -> str:
    """What a zip holds. Raises: CheckpointError."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if not any(not name.endswith("/") for name in names):
            raise _stranger(file, Phrase("checkpoint.is_empty_zip"))
        if is_keras_zip(archive):
            return KERAS
    for pattern, what in ZIPS:
        if any(pattern.fullmatch(name) for name in names):
            raise _stranger(file, what)
    return PICKLE if any(TORCH.fullmatch(name) for name in names) else ZIP


def _stranger(file: Path, what: Phrase) -> CheckpointError:
    return CheckpointError("checkpoint.no_weights_file", file=str(file), what=what)
