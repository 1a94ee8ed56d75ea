"""The network that training starts from, and the learning-rate finder that runs in place of training."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_integer, check_range
from resnet_hub.config import MAX_INPUT_SIZE, MAX_VALUE
from resnet_hub.errors import ConfigError

from ..base import Settings, flag_of, number_list, setting


@dataclass(frozen=True)
class StartSettings(Settings):
    """The network that training starts from."""

    model: str = setting("resnet50.a1_in1k", "what to start from: checkpoint folder, Hub id or published name")
    from_scratch: bool = setting(False, "start from random weights of the architecture that --model names")
    image_size: int | None = setting(None, "side of the input in pixels; the checkpoint's where absent")
    in_chans: int | None = setting(
        None, "channels of the input: 1 for gray, 13 for .tif or .npy of 13 bands; the checkpoint's where absent"
    )
    value_range: str | None = setting(
        None, "LOW,HIGH: what is black and white in images that are not of 8 bits; found in them where absent"
    )
    drop_rate: float = setting(0.0, "dropout: share of the features before the head that is zeroed, 0 to 1")
    drop_path_rate: float = setting(0.0, "stochastic depth: probability of skipping the last block, 0 to 1")
    drop_block_rate: float = setting(0.0, "DropBlock: share of the last two stages' maps that is zeroed, 0 to 1")
    grad_checkpointing: bool = setting(False, "compute activations again in the backward pass: less memory, more time")
    sync_bn: bool = setting(False, "BatchNorm over the images of all processes; on GPUs only")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("drop_rate", "drop_path_rate", "drop_block_rate"):
            check_range(flag_of(name), getattr(self, name), 0, 0.999)
        if self.image_size is not None:
            check_integer("--image-size", self.image_size, 8, MAX_INPUT_SIZE)
        _ = self.values

    @property
    def values(self) -> tuple[float, float] | None:
        """The numbers of `value_range`. Raises: ConfigError where they are not a low and a higher one."""
        if self.value_range is None:
            return None
        numbers = number_list("--value-range", self.value_range)
        if len(numbers) != 2 or not -MAX_VALUE <= numbers[0] < numbers[1] <= MAX_VALUE:
            raise ConfigError("settings.value_range", text=self.value_range)
        return numbers[0], numbers[1]


@dataclass(frozen=True)
class SearchSettings(Settings):
    """The learning-rate finder."""

    find_lr: bool = setting(
        False,
        "sweep the learning rate over 120 updates, draw lr.png into the output folder, suggest --lr, train nothing",
        public=False,
    )
