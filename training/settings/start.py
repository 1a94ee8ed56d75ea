"""The network that a run starts from."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_integer
from resnet_hub.config import MAX_INPUT_SIZE
from training.settings.base import Settings, setting


@dataclass(frozen=True)
class StartSettings(Settings):
    """The network that training starts from."""

    model: str = setting("resnet50.a1_in1k", "what to start from: checkpoint folder, Hub id or published name")
    from_scratch: bool = setting(False, "start from random weights of the architecture that --model names")
    image_size: int | None = setting(None, "side of the input in pixels; the checkpoint's where absent")
    in_chans: int | None = setting(None, "channels of the input, 1 for grey; the checkpoint's where absent")
    drop_path_rate: float = setting(0.0, "stochastic depth: probability of skipping the last block, 0 to 1")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_size is not None:
            check_integer("--image-size", self.image_size, 8, MAX_INPUT_SIZE)
