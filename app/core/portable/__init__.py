"""
The registry as one file that people read, edit and keep under version control.

    shape      what stands in the file                reading    the file -> shape, or what is wrong and where
    exporting  state -> shape, in a stable order      planning   shape + state -> what is to change
    people     the part of the plan on people

The file says what there is to be.  A section that is left out is left alone; ids tell what is the same, of people their e-mail.
"""

from __future__ import annotations

from app.core.portable.draft import Shell
from app.core.portable.exporting import Extent, portable_of
from app.core.portable.planning import Plan, plan_all, plan_part
from app.core.portable.reading import Misplaced, read_portable
from app.core.portable.shape import Portable, PortableBot, addresses_in, plain_of, sealed_in

__all__ = [
    "Extent",
    "Misplaced",
    "Plan",
    "Portable",
    "PortableBot",
    "Shell",
    "addresses_in",
    "plain_of",
    "plan_all",
    "plan_part",
    "portable_of",
    "read_portable",
    "sealed_in",
]
