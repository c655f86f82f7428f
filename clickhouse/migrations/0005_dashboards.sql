-- Which events hit which dashboards.  Those that matched on arrival carry it (events.dashboards); what a back-fill found among
-- earlier events stands beside them, so that no event has to be written anew.

CREATE TABLE IF NOT EXISTS backfilled_hits
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `dashboard` LowCardinality(String) COMMENT 'Dashboard as id@version: the version whose rule the event matches',
    `user_id` String COMMENT 'The human',
    `event_id` String COMMENT 'Event in bot_events',
    `at` DateTime64(3, 'UTC') COMMENT 'Event time',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When botpulse accepted the event'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (bot_id, dashboard, user_id, event_id)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Hits found by back-fills, repeats included until they are merged. Read dashboard_hits instead';

CREATE OR REPLACE VIEW dashboard_hits
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `dashboard` String COMMENT 'Dashboard',
    `version` UInt32 COMMENT 'Version of its rule that the event matches',
    `at` DateTime64(3, 'UTC') COMMENT 'Event time',
    `user_id` String COMMENT 'The human',
    `event_id` String COMMENT 'Event in bot_events'
)
AS SELECT bot_id, splitByChar('@', hit)[1] AS dashboard, toUInt32(splitByChar('@', hit)[2]) AS version, at, user_id, event_id
FROM
(
    SELECT bot_id, toString(arrayJoin(dashboards)) AS hit, at, user_id, event_id FROM bot_events
    UNION DISTINCT
    SELECT bot_id, toString(dashboard) AS hit, at, user_id, event_id FROM backfilled_hits FINAL
)
COMMENT 'Every event that matched a dashboard, once for each version of it';
