"""What is asked of the computer: whole files, a place for caches, cores, packages."""

from zoo.system.atomic import new_folder, put_folder, remove_unused, writing
from zoo.system.cache import cache_folder
from zoo.system.files import read_file
from zoo.system.old_names import old_names, warn_of, with_new_names
from zoo.system.options import NamesOptions, checked_options
from zoo.system.packages import advising
from zoo.system.processors import cores

__all__ = [
    "NamesOptions",
    "advising",
    "cache_folder",
    "checked_options",
    "cores",
    "new_folder",
    "old_names",
    "put_folder",
    "read_file",
    "remove_unused",
    "warn_of",
    "with_new_names",
    "writing",
]
