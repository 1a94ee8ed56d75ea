"""A network and its checkpoint, from a folder, a file or the Hub and back; the config says which class is built."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn

from resnet_hub.checkpoint import CheckpointConfig, Source, load_weights, local_path, read_config, write_checkpoint
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import CheckpointError, ResNetHubError
from resnet_hub.models.faithful import checkpoint_of
from resnet_hub.models.replaced import has_other_weights, linear_head, renew_head, take_up
from resnet_hub.models.timm_api import TimmAttributes
from resnet_hub.registry import named_network

if TYPE_CHECKING:
    from resnet_hub.hub import Token

logger = logging.getLogger(__name__)


class PretrainedNetwork(TimmAttributes):
    """A residual network that opens and writes checkpoints. A subclass with `family=` builds that family's networks."""

    families: ClassVar[dict[str, type[PretrainedNetwork]]] = {}
    has_replaced_parts = False
    """Whether a part of the finished network but the head was assigned anew."""

    def __init_subclass__(cls, family: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if family:
            cls.family = family
            cls.families[family] = cls

    @classmethod
    def class_for(cls, config: ResNetConfig) -> type[PretrainedNetwork]:
        """The class that builds this network: the one asked if it can, so that its subclasses stay themselves."""
        return cls if cls.family == config.family else cls.families[config.family]

    def __setattr__(self, name: str, value: Any) -> None:
        before = self._modules.get(name) if isinstance(value, nn.Module) else None
        super().__setattr__(name, value)
        if not isinstance(value, nn.Module) or "head_hidden_size" not in vars(self):  # no part, or it is being made
            return
        head = self.classifier.partition(".")[0]
        if before is not None and name != head:
            vars(self).update(has_replaced_parts=True)
        if name in ("maxpool", self.first_conv.partition(".")[0], head):
            self.sync_config()
        if name == head and before is not None and has_other_weights(value, before):
            renew_head(self)
        elif before is None and name != head and name in ("fc", "head", "classifier"):
            logger.warning("%s is a new part, which this network does not use: its head is %s", name, self.classifier)

    def sync_config(self) -> None:
        """Brings `config` in line with a head, a first convolution or a `maxpool` that was replaced.

        What is left out for that is logged. It happens when such a part is assigned (`model.fc = ...`), when a
        classifier is made and when the network is saved; call it after a replacement inside one, of `model.conv1[0]`.
        """
        take_up(self, self._build)

    def refusal_to_save(self) -> CheckpointError | None:
        """Why no checkpoint can describe a part that was replaced in this network; None where one can."""
        if linear_head(self) is not None and not self.has_replaced_parts:
            return None
        try:
            checkpoint_of(self, self.state_dict(), self._build)
        except CheckpointError as error:
            return error
        return None

    def is_head_or_stem(self, name: str) -> bool:
        """Whether a module is the head, the first convolution or the pooling behind it, or lies in one of these."""
        parts = {part.partition(".")[0] for part in (self.classifier, self.first_conv, "maxpool")}
        return name.partition(".")[0] in parts

    def _build(self, config: ResNetConfig) -> PretrainedNetwork:
        """A network of this config, of the class that `from_pretrained` of this one's class gives."""
        try:
            return type(self).class_for(config)(config)
        except TypeError:  # a subclass whose constructor takes something else
            return self.families[config.family](config)

    @classmethod
    def from_pretrained(
        cls,
        source: Source,
        *,
        num_classes: int | None = None,
        label_names: Sequence[str] | None = None,
        in_chans: int | None = None,
        revision: str | None = None,
        token: Token = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
        weights: str | None = None,
        preprocessing: Preprocessing | Mapping[str, Any] | None = None,
        **options: Any,
    ) -> PretrainedNetwork:
        """A network with published or saved weights, in evaluation mode.

        Its class is the one that its architecture asks for: `ResNet.from_pretrained("resnetv2_50.a1h_in1k")` returns a
        `ResNetV2`, and `AutoResNet` says so by its name. A subclass of a family's class opens that family's as itself.

        Args:
            source: A checkpoint folder, "owner/name[@revision]", a timm tag, or a weights file of any known origin.
            num_classes: Requests a new head with this many outputs; the tensors that are re-initialized are logged.
            label_names: Names of the classes in index order; a new head where they contradict the checkpoint's.
            in_chans: Channels of the input; the first convolution is adapted as timm does.
            revision: Branch, tag or commit on the Hub.
            token: Hub token; the saved login where absent, and none at all for False.
            cache_dir: Where downloads are kept.
            local_files_only: Never ask the Hub.
            device: Where the weights go; the CPU where absent.
            dtype: dtype of the weights; float32 where absent, whatever the file holds.
            weights: Which network, where a file holds several: the place it lies at, such as "model_ema", or "ema" for
                an average. What people agree on is taken where absent, and said.
            preprocessing: The input, where the checkpoint says another or none: fields of `Preprocessing` by name.
            options: Options of `ResNetConfig`, such as `drop_path_rate`, and `architecture` for a weights file that
                fits several, or for a checkpoint that does not say it.

        Raises:
            CheckpointError: The folder or file does not hold this network; the first tensors that misfit are named.
            ConfigError: An option is invalid.
            HubError: The Hub refused or could not be reached.
        """
        wanted = {"num_classes": num_classes, "label_names": label_names, "in_chans": in_chans}
        named, kind = options.pop("architecture", None), dtype or torch.float32
        open_folder = partial(
            cls._from_folder,
            wanted=wanted,
            options=options,
            dtype=kind,
            architecture=named,
            choice=weights,
            preprocessing=preprocessing,
        )
        path = local_path(source)
        if path is not None:
            return open_folder(path).to(device).eval()
        from resnet_hub.hub import download_checkpoint, mend_checkpoint  # who opens a folder needs no client of the Hub

        name = str(source).removeprefix("hf-hub:")
        path = download_checkpoint(
            name,
            revision=revision,
            token=token,
            cache_dir=cache_dir,
            local_files_only=local_files_only,
            needs_config=named is None,
        )
        try:
            model = open_folder(path)
        except CheckpointError as error:
            mended = mend_checkpoint(
                path, name, revision=revision, token=token, cache_dir=cache_dir, local_files_only=local_files_only
            )
            if not mended:
                raise CheckpointError("models.cannot_be_opened", name=name, error=error) from error
            model = open_folder(path)
        return model.to(device).eval()

    @classmethod
    def _from_folder(
        cls,
        path: Path,
        *,
        wanted: Mapping[str, Any],
        options: Mapping[str, Any],
        dtype: torch.dtype,
        choice: str | None,
        **known: Any,
    ) -> PretrainedNetwork:
        """The network in a checkpoint folder or weights file, with the requested head and options."""
        saved = read_config(path, choice=choice, **known)
        asked = saved.adapted(**wanted, options=options)
        with torch.device("meta"):  # so that no weights are initialized that the file replaces
            model = cls.class_for(asked.network)(
                asked.network,
                preprocessing=asked.preprocessing,
                label_names=asked.label_names,
                metadata=asked.metadata,
            )
        model.head_is_new = saved.needs_new_head(asked)
        if model.head_is_new:
            model._add_head()
        new_input = asked.network.in_chans != saved.network.in_chans
        load_weights(
            model,
            path,
            model.config,
            keep_head=model.head_is_new,
            new_input=new_input,
            dtype=dtype,
            choice=choice,
        )
        return model.to(dtype=dtype)

    def save_pretrained(
        self, folder: str | Path, *, card: str | None = None, weights: Mapping[str, torch.Tensor] | None = None
    ) -> None:
        """Writes config.json, model.safetensors and README.md, of which it is certain that they open as this network.

        Each file is written atomically.

        Args:
            folder: Made if missing.
            card: The text of README.md. Where absent it is made from the config; a README.md that is there keeps what
                others wrote in it, and all of it where no section is ours.
            weights: Other weights of this network to write, under the names of `state_dict`; its own where absent.

        Raises:
            CheckpointError: Nothing is written, since a module was replaced by one that config.json cannot say, or the
                weights are no plain tensors; or the folder cannot be written, or its README.md cannot be read.
        """
        from resnet_hub.card import read_card, updated_card

        self.sync_config()
        config, state = checkpoint_of(self, self.state_dict() if weights is None else weights, self._build)
        folder, values = Path(folder), self._values(config)
        _check_values(values, config)
        if card is None:
            there = read_card(folder)
            card = str(updated_card(values, folder, state=state)) if there is None or there.has_sections else ""
        write_checkpoint(folder, values, state, card)

    def card(self, repo_id: str | None = None, images: Sequence[str] = ()) -> str:
        """The model card: README.md of the checkpoint, with the images that lie beside it."""
        from resnet_hub.card import model_card, opens_in_timm

        self.sync_config()
        values = self._values()
        return model_card(values, repo_id=repo_id, timm_compatible=opens_in_timm(values), images=images)

    def _values(self, config: ResNetConfig | None = None) -> dict[str, Any]:
        """The content of config.json, of another config than the network's where one is given."""
        saved = CheckpointConfig(config or self.config, self.preprocessing, self.label_names, self.metadata)
        return saved.to_json(self.num_features)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool | None = None,
        revision: str | None = None,
        create_pr: bool = False,
        commit_message: str | None = None,
        token: str | None = None,
    ) -> str:
        """Uploads the checkpoint as one commit and returns its URL; a card that is there keeps what others wrote in it.

        Args:
            repo_id: "owner/name"; made if missing.
            private: Whether a new repository is; the account's usual where absent.
            revision: Branch; made if missing.
            create_pr: Open a pull request against main instead.
            commit_message: Title of the commit.
            token: Hub token with the right to write; the saved login where absent.

        Raises:
            ConfigError: `repo_id` is no "owner/name", or the revision cannot be pushed to.
            CheckpointError: The card on the Hub cannot be read.
            HubError: The Hub refused or could not be reached, or somebody else pushed meanwhile.
        """
        from resnet_hub.hub import push_checkpoint

        with TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            push = partial(push_checkpoint, private=private, revision=revision, create_pr=create_pr, token=token)
            return push(Path(folder), repo_id, commit_message=commit_message)


def build(name: str, *, label_names: Sequence[str] | None = None, **options: Any) -> PretrainedNetwork:
    """A network of this name with random weights, of the class that its row names. Raises: ConfigError."""
    named, preprocessing = named_network(name)
    config = named.with_options(**options)
    return PretrainedNetwork.class_for(config)(
        config, preprocessing=preprocessing.with_channels(config.in_chans), label_names=label_names
    )


def _check_values(values: Mapping[str, Any], config: ResNetConfig) -> None:
    """Raises: CheckpointError where config.json would be read as something else."""
    try:
        read = CheckpointConfig.from_json(values).network
    except ResNetHubError as error:
        raise CheckpointError("models.config_not_read", error=error) from error
    if changed := read.differences(config):
        name, found = next(iter(changed.items()))
        raise CheckpointError("models.option_not_kept", name=name, found=found, value=getattr(config, name))
