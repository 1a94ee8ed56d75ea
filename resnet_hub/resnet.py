"""The residual network: stem -> stages of residual blocks -> head. Read this first.

Modules that hold weights bear the names of timm's state dict (conv1, bn1, layer1, fc), so that weights go both ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resnet_hub import checkpoint, hub
from resnet_hub.architectures import default_preprocessing
from resnet_hub.blocks import BlockPlace, ResidualBlock, block_class, recomputed
from resnet_hub.card import model_card
from resnet_hub.checkpoint import Source
from resnet_hub.checkpoint_config import CARD_FILE, CheckpointConfig, checked_label_names
from resnet_hub.config import Preprocessing, ResNetConfig
from resnet_hub.errors import ConfigError
from resnet_hub.layers import GlobalPool, activation, drop_block, norm
from resnet_hub.limits import check_images, check_parameters
from resnet_hub.pruned import pruned_channels
from resnet_hub.stem import stem_convolution, stem_pool, stem_width


class ResNet(nn.Module):
    """(N, in_chans, H, W) float, normalised -> (N, num_classes) logits.

    Source: He et al. 2015, "Deep Residual Learning for Image Recognition", figure 3 and table 1.
    """

    def __init__(
        self,
        config: ResNetConfig,
        *,
        preprocessing: Preprocessing | None = None,
        label_names: Sequence[str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        check_parameters(config)
        self.config = config
        self.preprocessing = preprocessing or default_preprocessing(config)
        self.label_names = checked_label_names(label_names, config.num_classes)
        # What is known of the weights' origin: licence, base model, data, metrics. It travels in the checkpoint.
        self.details = dict(details or {})
        # Whether fc has random weights still: true until a checkpoint's head is loaded.
        self.head_is_new = True
        self.grad_checkpointing = False
        self.conv1 = stem_convolution(config)
        self.bn1 = norm(config, stem_width(config))
        self.act1 = activation(config)
        self.maxpool = stem_pool(config)
        self.feature_info = [_feature_level("act1", stem_width(config), reduction=1 if config.stem == "3x3" else 2)]
        self._add_stages()
        self.num_features: int = self.feature_info[-1]["num_chs"]
        self._add_head()
        self._initialise()

    def _add_stages(self) -> None:
        """Adds layer1, layer2, ...: each but the first halves the picture, or dilates below `output_stride`."""
        config = self.config
        in_channels = stem_width(config)
        reduction: int = self.feature_info[0]["reduction"] * (1 if config.stem_pool == "none" else 2)
        dilation = first_dilation = 1
        channels = iter(pruned_channels(config))
        drop_paths = iter(torch.linspace(0, config.drop_path_rate, sum(config.depths), device="cpu").tolist())
        for index, (block_name, width, depth) in enumerate(
            zip(config.blocks, config.widths, config.depths, strict=True)
        ):
            stride = 1 if index == 0 else 2
            if reduction >= config.output_stride:
                dilation, stride = dilation * stride, 1
            reduction *= stride
            blocks: list[ResidualBlock] = []
            for _ in range(depth):
                drops = next(drop_paths), drop_block(config, index)
                place = BlockPlace(in_channels, width, stride, dilation, first_dilation, *drops, next(channels))
                blocks.append(block_class(block_name)(config, place))
                in_channels, stride, first_dilation = blocks[-1].out_channels, 1, dilation
            name = f"layer{index + 1}"
            self.add_module(name, nn.Sequential(*blocks))
            self.feature_info.append(_feature_level(name, in_channels, reduction))

    def _add_head(self) -> None:
        """Adds global_pool and fc for the configured number of classes."""
        config = self.config
        self.global_pool = GlobalPool(config.global_pool)
        self.head_hidden_size = self.num_features * self.global_pool.width_factor
        self.fc = nn.Linear(self.head_hidden_size, config.num_classes) if config.num_classes else nn.Identity()

    def _initialise(self) -> None:
        """Draws new weights. Source: He et al. 2015, "Delving Deep into Rectifiers", section 2.2, over the outputs."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if isinstance(module, ResidualBlock) and self.config.zero_init_last:
                for parameter in module.last_norm().parameters():  # none if frozen: it would stay zero
                    nn.init.zeros_(parameter)

    @property
    def num_classes(self) -> int:
        """Outputs of the head; 0 means pooled features."""
        return self.config.num_classes

    def forward(self, x: Tensor) -> Tensor:
        """The logits (N, num_classes) of normalised images (N, in_chans, H, W)."""
        return self.forward_head(self.forward_features(x))

    def forward_features(self, x: Tensor) -> Tensor:
        """The last feature map: (N, in_chans, H, W) -> (N, num_features, H / stride, W / stride)."""
        x = self.maxpool(self._stem(x))
        for level in self.feature_info[1:]:
            x = self._stage(level["module"], x)
        return x

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """The logits (N, num_classes) of a feature map, or the pooled features that they are made of."""
        x = F.dropout(self.global_pool(x), self.config.drop_rate, self.training)
        return x if pre_logits else self.fc(x)

    def forward_intermediates(
        self, x: Tensor, indices: int | Sequence[int] | None = None, *, intermediates_only: bool = False
    ) -> list[Tensor] | tuple[Tensor, list[Tensor]]:
        """The last feature map and the feature maps of chosen levels, from the stem (level 0) downwards.

        Args:
            x: Normalised images (N, in_chans, H, W).
            indices: Levels, negative ones counted from the end; a number takes that many last ones, None all.
            intermediates_only: Return the list alone.

        Raises:
            ConfigError: There is no such level.
        """
        count = len(self.feature_info)
        if isinstance(indices, int) and not 1 <= indices <= count:
            raise ConfigError(f"there are no last {indices} feature levels; {self.config.architecture} has {count}")
        wanted = range(count)[-indices:] if isinstance(indices, int) else range(count) if indices is None else indices
        for index in wanted:
            if not -count <= index < count:
                raise ConfigError(f"there is no feature level {index}; {self.config.architecture} has 0 to {count - 1}")
        chosen = {index % count for index in wanted}
        x = self._stem(x)
        kept = [x] if 0 in chosen else []
        x = self.maxpool(x)
        for index, level in enumerate(self.feature_info[1:], start=1):
            x = self._stage(level["module"], x)
            if index in chosen:
                kept.append(x)
        return kept if intermediates_only else (x, kept)

    def _stem(self, x: Tensor) -> Tensor:
        check_images(self.config, x)
        return self.act1(self.bn1(self.conv1(x)))

    def _stage(self, name: str, x: Tensor) -> Tensor:
        recompute = self.grad_checkpointing and torch.is_grad_enabled()
        for block in cast(nn.Sequential, self.get_submodule(name)):
            x = recomputed(block, x) if recompute else block(x)
        return x

    def get_classifier(self) -> nn.Module:
        """The layer that turns pooled features into logits."""
        return self.fc

    def reset_classifier(
        self, num_classes: int, global_pool: str | None = None, *, label_names: Sequence[str] | None = None
    ) -> None:
        """Replaces the head by a new, random one; the old class names go with it, the pooling stays unless named."""
        weight = self.get_parameter(f"{self.first_conv}.weight")
        pooling = self.config.global_pool if global_pool is None else global_pool
        config = self.config.with_options(num_classes=num_classes, global_pool=pooling)
        check_parameters(config)
        self.label_names = checked_label_names(label_names, num_classes)
        self.config, self.head_is_new = config, True
        self._add_head()
        self.fc.to(weight.device, weight.dtype)

    @property
    def first_conv(self) -> str:
        """The name of the convolution that sees the picture."""
        return "conv1" if isinstance(self.conv1, nn.Conv2d) else "conv1.0"

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Trades time for memory in training: blocks compute their activations again in the backward pass."""
        self.grad_checkpointing = enable

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """Patterns that sort parameters into the stem and the blocks (or the stages), for layer-wise learning rates."""
        return {"stem": r"^conv1|bn1|maxpool", "blocks": r"^layer(\d+)" if coarse else r"^layer(\d+)\.(\d+)"}

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
    ) -> Self:
        """A network with published or saved weights, in evaluation mode.

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
            model = cls(
                wanted.network,
                preprocessing=wanted.preprocessing,
                label_names=wanted.label_names,
                details=wanted.details,
            )
        model.head_is_new = saved.needs_new_head(wanted)
        if model.head_is_new:
            model._add_head()
        dtype, new_input = dtype or torch.float32, wanted.network.in_chans != saved.network.in_chans
        checkpoint.load_weights(model, path, keep_head=model.head_is_new, new_input=new_input, dtype=dtype)
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
        checkpoint.write_checkpoint(
            Path(folder), saved.to_json(self.num_features, self.first_conv), self.state_dict(), card
        )

    def card(self, repo_id: str | None = None, pictures: Sequence[str] = ()) -> str:
        """The model card: README.md of the checkpoint, with the pictures that lie beside it."""
        saved = self._checkpoint_config()
        values = saved.to_json(self.num_features, self.first_conv)
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
            return hub.push_checkpoint(
                Path(folder),
                repo_id,
                private=private,
                revision=revision,
                create_pr=create_pr,
                commit_message=commit_message,
                token=token,
            )


def _feature_level(module: str, channels: int, reduction: int) -> dict[str, Any]:
    return {"num_chs": channels, "reduction": reduction, "module": module}
