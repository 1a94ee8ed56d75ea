"""The commands of `resnet-hub` that run no network over images, a file each."""

from resnet_hub.cli.commands.completion import completion_command
from resnet_hub.cli.commands.conversion import COMMANDS as CONVERSION
from resnet_hub.cli.commands.export import COMMANDS as EXPORT
from resnet_hub.cli.commands.listings import COMMANDS as LISTINGS
from resnet_hub.cli.commands.sharing import COMMANDS as SHARING
from resnet_hub.cli.commands.trainer import COMMANDS as TRAINER
from resnet_hub.cli.commands.trainer import run_trainer

__all__ = ["CONVERSION", "EXPORT", "LISTINGS", "SHARING", "TRAINER", "completion_command", "run_trainer"]
