"""
botpulse: self-hosted analytics for chat and voice bots.

One event's way, a file each:

    app/web/ingest/    a request becomes a Delivery (core/deliveries.py), gathered into a raw-events record
    app/agents/normalise.py   raw-events -> bot-events, by core/normalise.py, core/dialects/, core/platforms/
    app/agents/track.py       bot-events -> state and counters, by core/shard.py and what it folds with
    app/agents/store.py       bot-events, counters, dead-letters -> ClickHouse
    app/web/api/              ClickHouse and the live view -> answers, pages, server-sent events

`app/core` is pure: no clock, no I/O, no Faust.  `app/worker.py` is the only place that builds a Faust app.
"""

from zoneinfo import reset_tzpath

# Each machine has time zones of its own age; those of the package tzdata are the same wherever one version of botpulse runs.
reset_tzpath(())
