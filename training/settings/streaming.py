"""How a dataset is read that is not loaded first."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_hub.checks import check_integer
from resnet_hub.errors import ConfigError

from .base import Settings, setting


@dataclass(frozen=True)
class StreamSettings(Settings):
    """How a dataset is streamed."""

    streaming: bool = setting(False, "read images as they come instead of loading the dataset; needs --max-steps")
    max_steps: int | None = setting(None, "batches per process that make one epoch of a stream")
    shuffle_buffer: int = setting(1000, "images of a stream that are mixed at a time")
    stream_images: int = setting(1000, "most images of a stream that are held out, and that are tested on")
    label_names: str | None = setting(None, "class names of a stream that declares none, in index order, as a,b,c")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_steps is not None:
            check_integer("--max-steps", self.max_steps, 1, 10**9)
        check_integer("--shuffle-buffer", self.shuffle_buffer, 1, 10**7)
        check_integer("--stream-images", self.stream_images, 2, 10**6)
        if self.streaming and self.max_steps is None:
            raise ConfigError("settings.no_max_steps")
        for name in () if self.streaming else ("max_steps", "label_names"):
            if getattr(self, name) is not None:
                flag = f"--{name.replace('_', '-')}"
                raise ConfigError("settings.not_streaming", flag=flag)
