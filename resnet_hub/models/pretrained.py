"""A network and its checkpoint, from a folder, a file or the Hub and back; the config says which class is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import torch

from resnet_hub.card import model_card, opens_in_timm, read_card, updated_card
from resnet_hub.checkpoint import CheckpointConfig, Source, load_weights, local_path, read_config, write_checkpoint
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import CheckpointError
from resnet_hub.hub import Token, download_checkpoint, mend_checkpoint, push_checkpoint
from resnet_hub.models.timm_attributes import TimmAttributes
from resnet_hub.registry import named_network


class PretrainedNetwork(TimmAttributes):
    """A residual network that opens and writes checkpoints. A subclass with `family=` builds that family's networks."""

    families: ClassVar[dict[str, type[PretrainedNetwork]]] = {}

    def __init_subclass__(cls, family: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if family:
            cls.family = family
            cls.families[family] = cls

    @classmethod
    def class_for(cls, config: ResNetConfig) -> type[PretrainedNetwork]:
        """The class that builds this network: the one asked if it can, so that its subclasses stay themselves."""
        return cls if cls.family == config.family else cls.families[config.family]

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
        """Writes config.json, model.safetensors and README.md; each file is written atomically.

        Args:
            folder: Made if missing.
            card: The text of README.md. Where absent it is made from the config; a README.md that is there keeps what
                others wrote in it, and all of it where no section is ours.
            weights: Other weights of this network to write, under the names of `state_dict`; its own where absent.

        Raises:
            CheckpointError: The folder cannot be written, or its README.md cannot be read.
        """
        folder, values = Path(folder), self._values()
        if card is None:
            there = read_card(folder)
            card = str(updated_card(values, folder)) if there is None or there.has_sections else ""
        write_checkpoint(folder, values, self.state_dict() if weights is None else weights, card)

    def card(self, repo_id: str | None = None, images: Sequence[str] = ()) -> str:
        """The model card: README.md of the checkpoint, with the images that lie beside it."""
        values = self._values()
        return model_card(values, repo_id=repo_id, timm_compatible=opens_in_timm(values), images=images)

    def _values(self) -> dict[str, Any]:
        """The content of config.json."""
        return self._checkpoint_config().to_json(self.num_features)

    def _checkpoint_config(self) -> CheckpointConfig:
        return CheckpointConfig(self.config, self.preprocessing, self.label_names, self.metadata)

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
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return push_checkpoint(
                Path(folder),
                repo_id,
                private=private,
                revision=revision,
                create_pr=create_pr,
                commit_message=commit_message,
                token=token,
            )


def build(name: str, *, label_names: Sequence[str] | None = None, **options: Any) -> PretrainedNetwork:
    """A network of this name with random weights, of the class that its row names. Raises: ConfigError."""
    named, preprocessing = named_network(name)
    config = named.with_options(**options)
    return PretrainedNetwork.class_for(config)(
        config, preprocessing=preprocessing.with_channels(config.in_chans), label_names=label_names
    )
