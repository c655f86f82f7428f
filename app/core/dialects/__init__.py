"""
The ways in. To add one: a file here that ends in a `Dialect`, and an entry below.

Keyed by what `Delivery.way` says.
"""

from __future__ import annotations

from typing import Final

from app.core.dialects.botanalytics_v1 import BOTANALYTICS_V1
from app.core.dialects.botanalytics_v2 import BOTANALYTICS_V2
from app.core.dialects.botmetrics import BOTMETRICS
from app.core.dialects.dashbot import DASHBOT
from app.core.dialects.dialect import Dialect
from app.core.dialects.native import NATIVE
from app.core.dialects.webhook import WEBHOOK

__all__ = ["DIALECTS", "Dialect"]

DIALECTS: Final[dict[str, Dialect]] = {
    "native": NATIVE,
    "dashbot": DASHBOT,
    "botanalytics-v1": BOTANALYTICS_V1,
    "botanalytics-v2": BOTANALYTICS_V2,
    "botmetrics": BOTMETRICS,
    "webhook": WEBHOOK,
}
