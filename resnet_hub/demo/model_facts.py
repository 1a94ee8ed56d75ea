"""What is known of a model before it is loaded: its size, its license, its classes. No weights are fetched for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi

from resnet_hub.card import weights_license
from resnet_hub.checkpoint import INDICES, OLDER_WEIGHTS_FILE, WEIGHTS_FILE, local_path, read_config, shard_names
from resnet_hub.errors import CheckpointError, ConfigError, HubError
from resnet_hub.hub import RepoAddress, hub_errors, repo_address
from resnet_hub.models import meta_network
from resnet_hub.registry import OWNER, find_tag, published_architecture

BYTES_PER_PARAMETER = 4
INDEX = INDICES[0]
"""Says where the tensors are, where model.safetensors was cut into several files."""
# The Hub is asked while a person waits for the answer.
SECONDS = 10.0


@dataclass(frozen=True)
class ModelFacts:
    """What a person should know before a model is loaded. None stands for what nobody says."""

    name: str
    """What it is called: owner/name on the Hub, or the name of a folder."""
    weights_bytes: int | None
    """Size of the weights."""
    parameters: int | None
    """Parameters of the network."""
    license: str | None
    """The license of the weights, in words."""
    classes: int | None
    """Classes it tells apart."""
    top1: float | None = None
    """ImageNet accuracy, in percent, as published."""


def model_facts(source: str, *, public_only: bool = False) -> ModelFacts:
    """The facts about a checkpoint folder, a published name or a model on the Hub.

    A published name is looked up in the catalog, without a request; any other takes one request to the Hub.

    Args:
        source: What `from_pretrained` takes, but for bare weights files.
        public_only: Ask without a token, and refuse what is not open to everybody: for strangers must not reach through
            the login of this machine what they could not reach by themselves.

    Raises:
        CheckpointError: The folder holds no network's config or no weights.
        ConfigError: `source` is no such name.
        HubError: The Hub refused or could not be reached, or the repository has no safetensors, or is not public.
    """
    path = local_path(source)
    if path is not None:
        return _folder_facts(path)
    address = repo_address(source)
    owner, _, name = address.repo_id.partition("/")
    if owner == OWNER and address.revision is None:
        try:
            return _published_facts(name)
        except ConfigError:  # newer than the catalog
            pass
    return _hub_facts(address, public_only)


def _published_facts(name: str) -> ModelFacts:
    tag = find_tag(name)
    entry = published_architecture(tag.architecture)
    parameters = entry.parameters if entry else None
    size = BYTES_PER_PARAMETER * parameters if parameters else None
    return ModelFacts(tag.repo_id, size, parameters, tag.terms, tag.num_classes, tag.top1)


def _folder_facts(path: Path) -> ModelFacts:
    config = read_config(path)
    weights = [path / WEIGHTS_FILE]
    if not weights[0].is_file() and (path / INDEX).is_file():
        weights = [path / name for name in shard_names(path / INDEX)]
    if absent := [file.name for file in weights if not file.is_file()]:
        raise CheckpointError("model_facts.no_weights_in_folder", name=path.name, file=absent[0])
    size = sum(file.stat().st_size for file in weights)
    license = weights_license(config.metadata.license)
    parameters = sum(parameter.numel() for parameter in meta_network(config.network).parameters())
    return ModelFacts(path.resolve().name, size, parameters, license, config.network.num_classes)


def _hub_facts(address: RepoAddress, public_only: bool) -> ModelFacts:
    with hub_errors(address, "read", None):
        info = HfApi(token=False if public_only else None).model_info(
            address.repo_id, revision=address.revision, files_metadata=True, timeout=SECONDS
        )
    if public_only and (info.gated or info.private):
        raise HubError("model_facts.gated", name=address.repo_id)
    sizes = {file.rfilename: file.size for file in info.siblings or ()}
    size = sizes.get(WEIGHTS_FILE)
    if WEIGHTS_FILE not in sizes and INDEX in sizes:  # which names files beside it, whatever they are called
        size = sum(size or 0 for name, size in sizes.items() if "/" not in name)
    elif WEIGHTS_FILE not in sizes:
        raise HubError(
            "model_facts.pickle" if OLDER_WEIGHTS_FILE in sizes else "model_facts.no_weights",
            name=address.repo_id,
            file=WEIGHTS_FILE,
        )
    card = info.card_data.to_dict() if info.card_data else {}  # type: ignore[no-untyped-call]  # the client's
    license = weights_license(None, card)
    parameters = info.safetensors.total if info.safetensors else None
    classes = (info.config or {}).get("num_classes") if isinstance(info.config, dict) else None
    return ModelFacts(
        str(address),
        size,
        parameters,
        license,
        classes if isinstance(classes, int) and not isinstance(classes, bool) else None,
    )
