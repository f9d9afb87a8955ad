"""Python with this folder in PYTHONPATH does not see the packages that `HIDDEN_PACKAGES` names.

Their modules are missing as if they were not installed, in every process that it starts, too.
"""

import os
import sys
from importlib.machinery import PathFinder

HIDDEN = frozenset(os.environ["HIDDEN_PACKAGES"].split())


class _Finder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            return None
        return super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = _Finder
