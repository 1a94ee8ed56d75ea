"""Errors that a user can mend: each message says what came, what was expected and what to do next."""


class ResNetHubError(Exception):
    """A user's mistake, said in one sentence; entry points print it without a traceback."""


class ConfigError(ResNetHubError, ValueError):
    """A setting, an option or a name that cannot be meant."""


class ImageError(ResNetHubError, ValueError):
    """Something that is no image, or an image that is too large or damaged."""


class CheckpointError(ResNetHubError, ValueError):
    """A checkpoint folder or weights file that does not hold what it should."""


class HubError(ResNetHubError, OSError):
    """The Hub refused, could not be reached, or does not have what was asked for."""


class HubUnreachableError(HubError):
    """The Hub could not be asked, did not answer, or is overloaded: the same request may do at another time."""


class DataError(ResNetHubError, ValueError):
    """A dataset that cannot be trained or measured on as it is."""


class TrainingError(ResNetHubError, RuntimeError):
    """A run that cannot start or go on: its output folder is taken, or its loss is no number any more."""
