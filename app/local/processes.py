"""Is a process still running?"""

from __future__ import annotations

import psutil

__all__ = ["runs"]


def runs(pid: int) -> bool:
    """Tell whether *pid* runs; one that has ended and waits for its parent to notice does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
