"""What the alert stage reads from ClickHouse: values from before an alert, and numbers that no cell says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clickhouse_driver.errors import Error as DriverError

from app.adapters.ends import has_come_to
from app.adapters.reader import Reader
from app.core.alerts.watching import (
    DASHBOARD_USERS,
    NOT_HANDLED_SHARE,
    Watch,
    keys_of,
    shown_generation,
    watches_of,
)
from app.core.alerts.windows import Span
from app.core.counters import CellBatch
from app.core.generations import bot_in, generation_of
from app.core.registry import Alert, State
from app.ports import Unavailable

__all__ = ["AlertNumbers"]


class AlertNumbers:
    """Questions to ClickHouse; each raises Unavailable where it does not answer, or refuses."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def parts(self, watch: Watch, first_s: int) -> list[CellBatch]:
        """Return what *watch* looks at from *first_s* on, as counters had it."""
        rows = await self._rows(
            "alerts.parts",
            bot=bot_in(watch.bot),
            generation=generation_of(watch.bot),
            measure=watch.measure,
            window=watch.window,
            dashboard=watch.dashboard,
            first_s=max(first_s, 0),
        )
        dim = "dashboard" if watch.dashboard else ""
        batches: dict[tuple[int, int, int], CellBatch] = {}
        for partition, log_day, key, start, value, stamp in rows:
            batch = batches.setdefault((partition, log_day, stamp), CellBatch(partition, log_day, stamp, []))
            batch.cells.append((watch.bot, watch.measure, dim, watch.window, start, key, value))
        return list(batches.values())

    async def has_stored(self, topic: str, ends: Mapping[int, int]) -> bool:
        """Tell whether the store has come to *ends* (by partition) of a topic."""
        return has_come_to(ends, await self._rows("live.positions", topic=topic))

    async def number(self, alert: Alert, state: State, span: Span) -> float | None:
        """Return the number of *alert* in *span*; None where there is none."""
        measure, span_words = alert.measure, {"first_s": max(span.first_s, 0), "end_s": max(span.end_s, 0)}
        if measure == "response_seconds_p50":
            rows = await self._rows(
                "series.response_seconds_p50", bot=alert.bot, begins=[span_words["first_s"]], **span_words
            )
            return float(rows[0][1]) if rows else None
        if measure == "new_error_reasons":
            return await self._one("alerts.new_error_reasons", bot=alert.bot, **span_words)
        if measure.startswith(DASHBOARD_USERS):
            name = measure.removeprefix(DASHBOARD_USERS)
            found = state.dashboards.get(name)
            version = found.counted_from if found else 0
            return await self._one(
                "alerts.dashboard_users", bot=alert.bot, dashboard=name, version=version, **span_words
            )
        return await self._of_cells(alert, state, span_words)

    async def _of_cells(self, alert: Alert, state: State, span_words: dict[str, int]) -> float | None:
        sums = [
            await self._one(
                "alerts.sum",
                bot=alert.bot,
                generation=generation_of(watch.bot),
                measure=watch.measure,
                dim="dashboard" if watch.dashboard else "",
                keys=keys_of(watch, state) or [""],
                window=watch.window,
                **span_words,
            )
            for watch in watches_of(alert, shown_generation(state, alert.bot))
        ]
        if alert.measure == NOT_HANDLED_SHARE:
            return sums[0] / sums[1] if sums[1] else None
        return sums[0]

    async def _rows(self, query: str, /, **parameters: object) -> list[Any]:
        try:
            return await self._reader.rows(query, **parameters)
        except DriverError as error:
            words = (error.message or "").partition("\n")[0]
            raise Unavailable(f"ClickHouse does not answer {query}: {words}", retry_after_s=5) from error

    async def _one(self, query: str, /, **parameters: object) -> float:
        ((number,),) = await self._rows(query, **parameters)
        return float(number)
