-- Numbers as track counted them.  A number is kept in parts, one for each bot-events partition and day of receipt, and one for
-- what a dashboard's rule found when it was applied back over history; of two values of a part the one with the higher stamp
-- holds, so writing one twice changes nothing.

CREATE TABLE IF NOT EXISTS counter_parts
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `measure` LowCardinality(String) COMMENT 'What is counted: events, messages, active_users, ...',
    `dim` LowCardinality(String) COMMENT 'Dimension: platform, kind, intent, ...; empty for the total',
    `window` LowCardinality(String) COMMENT 'minute, hour, day, week, month, or rweek for weeks since each user''s own first day',
    `start` DateTime('UTC') COMMENT 'minute, hour: first second; day, week, month: local midnight as if UTC',
    `key` String COMMENT 'Value of the dimension; of cohorts the number of periods since their start',
    `stream_partition` UInt32 COMMENT 'Partition of bot-events the part counts; 4294967295: what back-fills of a dashboard found',
    `log_day` UInt32 COMMENT 'Day of receipt the part counts, in days since 1970-01-01',
    `value` Int64 COMMENT 'Value of the part',
    `stamp` UInt64 COMMENT 'Last offset of bot-events that is in the value; of a back-fill the time of its run, in ms'
)
ENGINE = ReplacingMergeTree(stamp)
PARTITION BY if(window = 'minute', toYYYYMMDD(start), 0)
ORDER BY (bot_id, measure, dim, window, start, key, stream_partition, log_day)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Parts of counters as track sent them. Read counters instead';

CREATE OR REPLACE VIEW counters
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `measure` LowCardinality(String) COMMENT 'What is counted: events, messages, active_users, ...',
    `dim` LowCardinality(String) COMMENT 'Dimension: platform, kind, intent, ...; empty for the total',
    `key` String COMMENT 'Value of the dimension; of cohorts the number of periods since their start',
    `window` LowCardinality(String) COMMENT 'minute, hour, day, week, month, or rweek for weeks since each user''s own first day',
    `start` DateTime('UTC') COMMENT 'minute, hour: first second; day, week, month: local midnight as if UTC',
    `value` Int64 COMMENT 'The number; of active_users_7d, _28d, _30d the sum over all days up to the wanted one is the number'
)
AS SELECT bot_id, measure, dim, key, window, start, sum(value) AS value
FROM counter_parts FINAL
GROUP BY bot_id, measure, dim, key, window, start
COMMENT 'Every number of every bot, as the pages show it';
