-- What was refused, how far the store has come, and what was removed to stay within the disk budget.

CREATE TABLE IF NOT EXISTS dead_letter_rows
(
    `bot_id` LowCardinality(String) COMMENT 'Bot it was sent for; empty where that could not be read',
    `raw_partition` UInt32 COMMENT 'Partition of raw-events (of the topic in path, for stage store) that holds it',
    `raw_offset` UInt64 COMMENT 'Offset in that partition',
    `raw_index` UInt32 COMMENT 'Item within that record',
    `stage` LowCardinality(String) COMMENT 'Which stage refused it',
    `path` String COMMENT 'Where in the item, as JSON path',
    `reason` LowCardinality(String) COMMENT 'Why, from the closed list',
    `message` String COMMENT 'What is wrong and what to do',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When botpulse accepted it',
    `body` String COMMENT 'The refused item' CODEC(ZSTD(1)),
    `way` LowCardinality(String) COMMENT 'Way in: native, dashbot, ...',
    `platform` LowCardinality(String) COMMENT 'Platform as the caller named it',
    `type` LowCardinality(String) COMMENT 'Type as the caller named it',
    `sdk` LowCardinality(String) COMMENT 'Client library and its version'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (bot_id, raw_partition, raw_offset, raw_index, stage, path, reason)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Refused items as stored, repeats included until they are merged. Read dead_letters instead';

CREATE OR REPLACE VIEW dead_letters
(
    `bot_id` LowCardinality(String) COMMENT 'Bot it was sent for; empty where that could not be read',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When botpulse accepted it',
    `reason` LowCardinality(String) COMMENT 'Why, from the closed list',
    `message` String COMMENT 'What is wrong and what to do',
    `path` String COMMENT 'Where in the item, as JSON path',
    `body` String COMMENT 'The refused item',
    `way` LowCardinality(String) COMMENT 'Way in: native, dashbot, ...',
    `platform` LowCardinality(String) COMMENT 'Platform as the caller named it',
    `type` LowCardinality(String) COMMENT 'Type as the caller named it',
    `sdk` LowCardinality(String) COMMENT 'Client library and its version',
    `stage` LowCardinality(String) COMMENT 'Which stage refused it',
    `raw_partition` UInt32 COMMENT 'Partition of raw-events (of the topic in path, for stage store) that holds it',
    `raw_offset` UInt64 COMMENT 'Offset in that partition',
    `raw_index` UInt32 COMMENT 'Item within that record'
)
AS SELECT
    bot_id, received_at, reason, message, path, body, way, platform, type, sdk, stage, raw_partition, raw_offset, raw_index
FROM dead_letter_rows FINAL
COMMENT 'Every refused item once: what was wrong with it and where it stands';

CREATE TABLE IF NOT EXISTS sink_positions
(
    `topic` LowCardinality(String) COMMENT 'Topic',
    `partition` UInt32 COMMENT 'Partition',
    `position` UInt64 COMMENT 'Offset of the first record that is not stored yet',
    `updated_at` DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When the store came this far'
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (topic, partition)
COMMENT 'How far the store has come: it reads on from here. Read with FINAL';

CREATE TABLE IF NOT EXISTS disk_events
(
    `at` DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was removed',
    `table` LowCardinality(String) COMMENT 'Table',
    `partition` String COMMENT 'Partition that was removed: a month as 202405, or a day as 20240527',
    `rows` UInt64 COMMENT 'Rows removed',
    `bytes` UInt64 COMMENT 'Bytes on disk removed',
    `used_bytes` UInt64 COMMENT 'Bytes on disk of the whole database before',
    `budget_bytes` UInt64 COMMENT 'The budget at that time'
)
ENGINE = MergeTree
ORDER BY at
COMMENT 'What was removed to stay within the disk budget';

ALTER TABLE schema_migrations
    COMMENT COLUMN IF EXISTS `version` 'Number of the migration',
    COMMENT COLUMN IF EXISTS `md5` 'Checksum of its file as applied',
    COMMENT COLUMN IF EXISTS `script` 'Its file as applied',
    COMMENT COLUMN IF EXISTS `created_at` 'When it was applied',
    MODIFY COMMENT 'Migrations that were applied';
