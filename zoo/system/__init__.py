"""What is asked of the computer: whole files, a place for what can be made again, cores."""

from zoo.system.atomic import new_folder, put_folder, remove_unused, writing
from zoo.system.cache import cache_folder
from zoo.system.processors import cores

__all__ = ["cache_folder", "cores", "new_folder", "put_folder", "remove_unused", "writing"]
