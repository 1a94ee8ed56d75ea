"""The images of a run: which it trained on, which it held out, and held-out ones kept to be looked at."""

from .held_out import HELD_OUT_FOLDER, remove_held_out, write_held_out
from .seen import Seen
from .split_file import read_split, write_split

__all__ = ["HELD_OUT_FOLDER", "Seen", "read_split", "remove_held_out", "write_held_out", "write_split"]
