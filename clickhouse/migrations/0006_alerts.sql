-- What became of alerts.  A transition that was told twice has the same id; of two the first one that was told holds.

CREATE TABLE IF NOT EXISTS alert_rows
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `alert_id` String COMMENT 'Alert',
    `episode` UInt32 COMMENT 'Which time it became bad, from 1',
    `type` LowCardinality(String) COMMENT 'pending (bad, but not for long enough yet), firing, resolved, or ok (it was pending and never fired)',
    `at` DateTime64(3, 'UTC') COMMENT 'When that was',
    `started_at` DateTime64(3, 'UTC') COMMENT 'When it fired; of pending and ok when it became pending',
    `name` String COMMENT 'Name of the alert at that time',
    `measure` LowCardinality(String) COMMENT 'What it watches',
    `window_s` UInt32 COMMENT 'Length of its window, in seconds',
    `op` LowCardinality(String) COMMENT 'above, below, rises_by or falls_by',
    `threshold` Float64 COMMENT 'A number; of rises_by and falls_by per cent',
    `against` LowCardinality(String) COMMENT 'What a change is measured against: before, day or week',
    `value` Nullable(Float64) COMMENT 'The number it saw',
    `base` Nullable(Float64) COMMENT 'What it compared that with',
    `change_percent` Nullable(Float64) COMMENT 'The change in per cent',
    `reason` LowCardinality(String) COMMENT 'Why it ended, if not by itself: disabled or changed',
    `precedence` UInt64 COMMENT 'The earlier it was told, the higher; the highest of a transition stays'
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (bot_id, alert_id, episode, type)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What became of alerts as stored, repeats included until they are merged. Read alerts instead';

CREATE OR REPLACE VIEW alerts
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `alert_id` String COMMENT 'Alert',
    `episode` UInt32 COMMENT 'Which time it became bad, from 1',
    `type` LowCardinality(String) COMMENT 'pending (bad, but not for long enough yet), firing, resolved, or ok (it was pending and never fired)',
    `at` DateTime64(3, 'UTC') COMMENT 'When that was',
    `started_at` DateTime64(3, 'UTC') COMMENT 'When it fired; of pending and ok when it became pending',
    `name` String COMMENT 'Name of the alert at that time',
    `measure` LowCardinality(String) COMMENT 'What it watches',
    `window_s` UInt32 COMMENT 'Length of its window, in seconds',
    `op` LowCardinality(String) COMMENT 'above, below, rises_by or falls_by',
    `threshold` Float64 COMMENT 'A number; of rises_by and falls_by per cent',
    `against` LowCardinality(String) COMMENT 'What a change is measured against: before, day or week',
    `value` Nullable(Float64) COMMENT 'The number it saw',
    `base` Nullable(Float64) COMMENT 'What it compared that with',
    `change_percent` Nullable(Float64) COMMENT 'The change in per cent',
    `reason` LowCardinality(String) COMMENT 'Why it ended, if not by itself: disabled or changed'
)
AS SELECT
    bot_id, alert_id, episode, type, at, started_at, name, measure, window_s, op, threshold, against, value, base,
    change_percent, reason
FROM alert_rows FINAL
COMMENT 'What became of alerts, each transition once: pending, firing, resolved';
