-- Generations of numbers: when the settings that cut a bot's numbers change, they are counted anew beside those that are
-- shown, and take their place once they are whole.  `bots` says which generation is shown.

ALTER TABLE counter_parts
    ADD COLUMN IF NOT EXISTS `generation` UInt32 COMMENT 'Which counting of the bot the part belongs to; 0 until its time zone, week or session gap changes',
    MODIFY ORDER BY (bot_id, measure, dim, window, start, key, stream_partition, log_day, generation);

ALTER TABLE bots
    ADD COLUMN IF NOT EXISTS `generation` UInt32 DEFAULT 0 COMMENT 'Which counting of its numbers is shown';

CREATE OR REPLACE VIEW counter_generations
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `generation` UInt32 COMMENT 'Which counting of the bot''s numbers',
    `measure` LowCardinality(String) COMMENT 'What is counted: events, messages, active_users, ...',
    `dim` LowCardinality(String) COMMENT 'Dimension: platform, kind, intent, ...; empty for the total',
    `key` String COMMENT 'Value of the dimension; of cohorts the number of periods since their start',
    `window` LowCardinality(String) COMMENT 'minute, hour, day, week, month, or rweek for weeks since each user''s own first day',
    `start` DateTime('UTC') COMMENT 'minute, hour: first second; day, week, month: local midnight as if UTC',
    `value` Int64 COMMENT 'The number; of active_users_7d, _28d, _30d the sum over all days up to the wanted one is the number'
)
AS SELECT bot_id, generation, measure, dim, key, window, start, sum(value) AS value
FROM counter_parts FINAL
GROUP BY bot_id, generation, measure, dim, key, window, start
COMMENT 'Every number of every generation of every bot, those that are counted anew included. Read counters instead';

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
AS SELECT bot_id, measure, dim, key, window, start, value
FROM counter_generations
WHERE (bot_id, generation) IN (SELECT bot_id, generation FROM bots FINAL)
    OR (generation = 0 AND bot_id NOT IN (SELECT bot_id FROM bots))
COMMENT 'Every number of every bot, as the pages show it';
