-- Every event, each once to whoever reads `bot_events`.
--
-- A repeat has the event id of the first arrival, but its `at` may differ where it comes from the time of receipt, so
-- the key holds no time.  Of two rows of one event the one that came first in bot-events stays: the counters counted it.
-- A repeat that is richer, with an intent or not handled where the first said neither, stays in its stead: the counters
-- have added what it says.
-- The index is four times finer than usual, as one user's events are what is looked up most.

CREATE TABLE IF NOT EXISTS events
(
    `bot_id` LowCardinality(String) COMMENT 'Bot the event belongs to',
    `user_id` String COMMENT 'The human, on messages in both directions',
    `event_id` String COMMENT 'Identity of the event within its bot: equal ids are repeats of one event',
    `at` DateTime64(3, 'UTC') COMMENT 'Event time: when the platform says it happened, else when it was received',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When botpulse accepted it',
    `platform` LowCardinality(String) COMMENT 'Where the conversation takes place: facebook, slack, generic, ...',
    `direction` LowCardinality(String) COMMENT 'in: user to bot; out: bot or human agent to user; none',
    `kind` LowCardinality(String) COMMENT 'text, image, postback, ...; receipts, typing, joins, ...; custom',
    `text` String COMMENT 'What was said' CODEC(ZSTD(1)),
    `intent` LowCardinality(String) COMMENT 'Intent the bot recognised; empty if none',
    `intent_confidence` Nullable(Float64) COMMENT 'Confidence in the intent, 0 to 1, where the bot reports it',
    `not_handled` Bool COMMENT 'The message says that the bot did not understand',
    `conversation_id` String COMMENT 'Conversation as the platform names it',
    `session_id` String COMMENT 'Session as the client names it; empty: sessions are cut by silence',
    `message_id` String COMMENT 'Message id as the platform gave it',
    `event_name` LowCardinality(String) COMMENT 'Name of a custom event',
    `amount` Nullable(Float64) COMMENT 'Revenue carried by the event',
    `currency` LowCardinality(String) COMMENT 'Currency of amount',
    `locale` LowCardinality(String) COMMENT 'Language and region of the user, such as en_US',
    `attributes` Map(String, String) COMMENT 'Further fields of the event' CODEC(ZSTD(1)),
    `user_attributes` Map(String, String) COMMENT 'Fields that describe the user' CODEC(ZSTD(1)),
    `warnings` Array(LowCardinality(String)) COMMENT 'clock_skew: at lay ahead of receipt and was replaced; no_time: at is the time of receipt',
    `dashboards` Array(LowCardinality(String)) COMMENT 'Dashboards whose rules matched on arrival, each as id@version; those of a back-fill are in dashboard_hits only',
    `dialect` LowCardinality(String) COMMENT 'Way in: native, dashbot, ...',
    `sdk` LowCardinality(String) COMMENT 'Client library and its version',
    `raw_partition` UInt32 COMMENT 'Partition of raw-events that holds the event as it came',
    `raw_offset` UInt64 COMMENT 'Offset in that partition',
    `raw_index` UInt32 COMMENT 'Item within that record',
    `stream_partition` UInt32 COMMENT 'Partition of bot-events',
    `stream_offset` UInt64 COMMENT 'Offset in that partition',
    `stream_index` UInt32 COMMENT 'Event within that record',
    `precedence` UInt64 MATERIALIZED bitShiftLeft(toUInt64((intent != '' OR not_handled) AND empty(warnings)), 63) + bitAnd(bitNot(bitShiftLeft(stream_offset, 20) + least(stream_index, 1048575)), 9223372036854775807) COMMENT 'The higher, the richer the row, and then the earlier in bot-events; the highest of an event id stays',
    `is_message` Bool ALIAS direction != 'none' AND kind IN ('audio', 'command', 'contact', 'file', 'form', 'image', 'intent', 'link', 'location', 'postback', 'quick_reply', 'shortcut', 'sticker', 'template', 'text', 'video') COMMENT 'Carries content from or to the user',
    `is_activity` Bool ALIAS user_id != '' AND (kind = 'custom' OR (direction = 'in' AND is_message)) COMMENT 'Makes the user active on its day',
    INDEX at_range at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(at)
ORDER BY (bot_id, user_id, event_id)
SETTINGS index_granularity = 2048, non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'Events as stored, repeats included until they are merged. Read bot_events instead';

CREATE OR REPLACE VIEW bot_events
(
    `bot_id` LowCardinality(String) COMMENT 'Bot the event belongs to',
    `user_id` String COMMENT 'The human, on messages in both directions',
    `at` DateTime64(3, 'UTC') COMMENT 'Event time: when the platform says it happened, else when it was received',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When botpulse accepted it',
    `event_id` String COMMENT 'Identity of the event within its bot',
    `platform` LowCardinality(String) COMMENT 'Where the conversation takes place: facebook, slack, generic, ...',
    `direction` LowCardinality(String) COMMENT 'in: user to bot; out: bot or human agent to user; none',
    `kind` LowCardinality(String) COMMENT 'text, image, postback, ...; receipts, typing, joins, ...; custom',
    `text` String COMMENT 'What was said',
    `intent` LowCardinality(String) COMMENT 'Intent the bot recognised; empty if none',
    `intent_confidence` Nullable(Float64) COMMENT 'Confidence in the intent, 0 to 1, where the bot reports it',
    `not_handled` Bool COMMENT 'The message says that the bot did not understand',
    `conversation_id` String COMMENT 'Conversation as the platform names it',
    `session_id` String COMMENT 'Session as the client names it; empty: sessions are cut by silence',
    `message_id` String COMMENT 'Message id as the platform gave it',
    `event_name` LowCardinality(String) COMMENT 'Name of a custom event',
    `amount` Nullable(Float64) COMMENT 'Revenue carried by the event',
    `currency` LowCardinality(String) COMMENT 'Currency of amount',
    `locale` LowCardinality(String) COMMENT 'Language and region of the user, such as en_US',
    `attributes` Map(String, String) COMMENT 'Further fields of the event',
    `user_attributes` Map(String, String) COMMENT 'Fields that describe the user',
    `warnings` Array(LowCardinality(String)) COMMENT 'clock_skew: at lay ahead of receipt and was replaced; no_time: at is the time of receipt',
    `dashboards` Array(LowCardinality(String)) COMMENT 'Dashboards whose rules matched on arrival, each as id@version; those of a back-fill are in dashboard_hits only',
    `dialect` LowCardinality(String) COMMENT 'Way in: native, dashbot, ...',
    `sdk` LowCardinality(String) COMMENT 'Client library and its version',
    `raw_partition` UInt32 COMMENT 'Partition of raw-events that holds the event as it came',
    `raw_offset` UInt64 COMMENT 'Offset in that partition',
    `raw_index` UInt32 COMMENT 'Item within that record',
    `is_message` Bool COMMENT 'Carries content from or to the user',
    `is_activity` Bool COMMENT 'Makes the user active on its day'
)
AS SELECT
    bot_id, user_id, at, received_at, event_id, platform, direction, kind, text, intent, intent_confidence, not_handled,
    conversation_id, session_id, message_id, event_name, amount, currency, locale, attributes, user_attributes, warnings,
    dashboards, dialect, sdk, raw_partition, raw_offset, raw_index, is_message, is_activity
FROM events FINAL
COMMENT 'Every event once: what a user or a bot did';

CREATE TABLE IF NOT EXISTS bots
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `name` String COMMENT 'Its name',
    `platform` LowCardinality(String) COMMENT 'Its main platform',
    `zone` LowCardinality(String) COMMENT 'IANA time zone in which its days are cut',
    `week_start` LowCardinality(String) COMMENT 'First day of its weeks: monday or sunday',
    `session_gap_s` UInt32 COMMENT 'A longer silence ends a session, in seconds',
    `archived` Bool COMMENT 'Takes no events any more',
    `updated_at` DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the store noted it'
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY bot_id
COMMENT 'Bots and how their numbers are cut, kept current from the registry. Read with FINAL';
