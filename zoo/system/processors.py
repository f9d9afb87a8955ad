"""How many threads can run at a time."""

import math
import os
from pathlib import Path

_ROOT = Path("/")  # of the files in which Linux tells what a process may use


def cores():
    """The cores of this process: what its affinity and the limit of its container leave of them.

    Half a core counts as one. `PYTHON_CPU_COUNT` sets the number from Python 3.13 on.

    Returns:
        int >= 1.
    """
    return max(1, min([_of_process(), *map(math.ceil, _limits())]))


def _of_process():
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        return os.process_cpu_count() or 1
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # a system that does not tell
        return os.cpu_count() or 1


def _limits():
    """The shares of cores that control groups (cgroups 2 and 1) grant, each a float."""
    try:
        lines = (_ROOT / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:  # another system than Linux
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = _ROOT / "sys/fs/cgroup" / controllers
        # A limit of a group binds the groups in it; in a container the outermost is all one sees.
        path = Path(group.lstrip("/"))
        for folder in {base / path, *(base / above for above in path.parents), base}:
            yield from _limit(folder)


def _limit(folder):
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
        else:
            names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            quota, period = ((folder / name).read_text(encoding="utf-8") for name in names)
        if quota != "max" and float(quota) > 0:
            yield float(quota) / float(period)
    except (OSError, ValueError):  # a group without a limit
        return
