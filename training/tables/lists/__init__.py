"""Text files that list images, with or without their classes -> rows of splits."""

from .list_folders import read_list_folder

__all__ = ["read_list_folder"]
