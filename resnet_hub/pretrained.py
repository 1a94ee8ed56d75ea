"""A network and its checkpoint, from a folder, a file or the Hub and back; the config says which class is built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import torch

from resnet_hub import checkpoint, hub, upload
from resnet_hub.architectures import named_network
from resnet_hub.card import model_card
from resnet_hub.checkpoint import Source
from resnet_hub.checkpoint_config import CARD_FILE, CheckpointConfig
from resnet_hub.config import ResNetConfig
from resnet_hub.network import ResidualNetwork


class PretrainedNetwork(ResidualNetwork):
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
        token: str | None = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> PretrainedNetwork:
        """A network with published or saved weights, in evaluation mode, of the class that its architecture asks for.

        Args:
            source: A checkpoint folder, "owner/name[@revision]", a timm tag, or a weights file with `architecture=`.
            num_classes: Asks for a new head with this many outputs; the tensors that start anew are logged.
            label_names: Names of the classes in index order; a new head where they contradict the checkpoint's.
            in_chans: Channels of the input; the first convolution is adapted as timm does.
            revision: Branch, tag or commit on the Hub.
            token: Hub token; the saved login where absent.
            cache_dir: Where downloads are kept.
            local_files_only: Never ask the Hub.
            device: Where the weights go; the CPU where absent.
            dtype: Type of the weights; float32 where absent, whatever the file holds.
            options: Options of `ResNetConfig`, such as `drop_path_rate`, and `architecture` for a weights file.

        Raises:
            CheckpointError: The folder or file does not hold this network; the first tensors that misfit are named.
            ConfigError: An option cannot be.
            HubError: The Hub refused or could not be reached.
        """
        path = checkpoint.local_path(source) or hub.download_checkpoint(
            str(source), revision=revision, token=token, cache_dir=cache_dir, local_files_only=local_files_only
        )
        saved = checkpoint.read_config(path, architecture=options.pop("architecture", None))
        wanted = saved.adapted(num_classes=num_classes, label_names=label_names, in_chans=in_chans, options=options)
        with torch.device("meta"):  # so that no weights are drawn which the file replaces
            model = cls.class_for(wanted.network)(
                wanted.network,
                preprocessing=wanted.preprocessing,
                label_names=wanted.label_names,
                details=wanted.details,
            )
        model.head_is_new = saved.needs_new_head(wanted)
        if model.head_is_new:
            model._add_head()
        dtype, new_input = dtype or torch.float32, wanted.network.in_chans != saved.network.in_chans
        checkpoint.load_weights(
            model, path, model.config, keep_head=model.head_is_new, new_input=new_input, dtype=dtype
        )
        return model.to(device, dtype).eval()

    def save_pretrained(self, folder: str | Path, *, card: str | None = None) -> None:
        """Writes config.json, model.safetensors and README.md; each file appears whole or not at all.

        Args:
            folder: Made if missing.
            card: The text of README.md; a card made from the config where absent, unless one is already there.
        """
        if card is None:
            card = "" if (Path(folder) / CARD_FILE).exists() else self.card()
        saved = self._checkpoint_config()
        checkpoint.write_checkpoint(Path(folder), saved.to_json(self.num_features), self.state_dict(), card)

    def card(self, repo_id: str | None = None, pictures: Sequence[str] = ()) -> str:
        """The model card: README.md of the checkpoint, with the pictures that lie beside it."""
        saved = self._checkpoint_config()
        values = saved.to_json(self.num_features)
        return model_card(values, repo_id=repo_id, timm_compatible=saved.opens_in_timm, pictures=pictures)

    def _checkpoint_config(self) -> CheckpointConfig:
        return CheckpointConfig(self.config, self.preprocessing, self.label_names, self.details)

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
        """Uploads the checkpoint as one commit and returns its URL. Raises: HubError."""
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder, card=self.card(repo_id))
            return upload.push_checkpoint(
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
