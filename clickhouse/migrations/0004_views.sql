-- Views for analysts.  Days are those of the bot's time zone; a bot that is not in `bots` has UTC and a gap of 15 minutes.

CREATE OR REPLACE VIEW sessions
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `user_id` String COMMENT 'User',
    `session_id` String COMMENT 'Session as the client named it; empty where it was cut by silence',
    `day` Date COMMENT 'Day it starts in, in the bot''s time zone',
    `started_at` DateTime64(3, 'UTC') COMMENT 'First message',
    `ended_at` DateTime64(3, 'UTC') COMMENT 'Last message',
    `duration_ms` Int64 COMMENT 'From the first to the last message',
    `messages` UInt64 COMMENT 'Messages in both directions',
    `messages_in` UInt64 COMMENT 'Messages of the user',
    `messages_out` UInt64 COMMENT 'Messages of the bot or a human agent',
    `is_bounce` Bool COMMENT 'Exactly one message of the user'
)
AS SELECT
    bot_id,
    user_id,
    session_id,
    toDate(formatDateTime(min(at), '%F', any(zone))) AS day,
    min(at) AS started_at,
    max(at) AS ended_at,
    toUnixTimestamp64Milli(max(at)) - toUnixTimestamp64Milli(min(at)) AS duration_ms,
    count() AS messages,
    countIf(direction = 'in') AS messages_in,
    countIf(direction = 'out') AS messages_out,
    messages_in = 1 AS is_bounce
FROM
(
    SELECT
        bot_id, user_id, session_id, at, direction, zone,
        if(session_id = '', sum(begins) OVER (PARTITION BY bot_id, user_id, session_id ORDER BY at ASC RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), 0) AS run
    FROM
    (
        SELECT
            bot_id, user_id, session_id, at, direction,
            if(settings.zone = '', 'UTC', settings.zone) AS zone,
            toUnixTimestamp64Milli(at) - lagInFrame(toUnixTimestamp64Milli(at)) OVER (PARTITION BY bot_id, user_id, session_id ORDER BY at ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) > if(settings.session_gap_s = 0, 900, settings.session_gap_s) * 1000 AS begins
        FROM bot_events
        LEFT JOIN (SELECT bot_id, zone, session_gap_s FROM bots FINAL) AS settings USING (bot_id)
        WHERE is_message AND user_id != ''
    )
)
GROUP BY bot_id, user_id, session_id, run
COMMENT 'Sessions: runs of a user''s messages without a silence longer than the bot''s gap, or as the client named them';

CREATE OR REPLACE VIEW transcripts
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `user_id` String COMMENT 'User',
    `at` DateTime64(3, 'UTC') COMMENT 'When it was said',
    `speaker` String COMMENT 'user or bot (human agents speak for the bot)',
    `text` String COMMENT 'What was said; empty for pictures and the like, see kind',
    `kind` LowCardinality(String) COMMENT 'text, image, postback, ...',
    `intent` LowCardinality(String) COMMENT 'Intent the bot recognised; empty if none',
    `not_handled` Bool COMMENT 'The message says that the bot did not understand',
    `platform` LowCardinality(String) COMMENT 'Where the conversation takes place',
    `conversation_id` String COMMENT 'Conversation as the platform names it',
    `event_id` String COMMENT 'Event in bot_events'
)
AS SELECT
    bot_id, user_id, at, if(direction = 'in', 'user', 'bot') AS speaker, text, kind, intent, not_handled, platform,
    conversation_id, event_id
FROM bot_events
WHERE is_message
COMMENT 'Who said what: messages only. Order by at';

CREATE OR REPLACE VIEW daily_users
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `day` Date COMMENT 'Day in the bot''s time zone',
    `user_id` String COMMENT 'User with at least one event on the day',
    `is_active` Bool COMMENT 'Sent a message or made a custom event: counts as an active user',
    `events` UInt64 COMMENT 'Events of all kinds',
    `messages_in` UInt64 COMMENT 'Messages of the user',
    `messages_out` UInt64 COMMENT 'Messages to the user',
    `first_at` DateTime64(3, 'UTC') COMMENT 'First event of the day',
    `last_at` DateTime64(3, 'UTC') COMMENT 'Last event of the day'
)
AS SELECT
    bot_id,
    toDate(formatDateTime(at, '%F', if(settings.zone = '', 'UTC', settings.zone))) AS day,
    user_id,
    max(is_activity) AS is_active,
    count() AS events,
    countIf(is_message AND direction = 'in') AS messages_in,
    countIf(is_message AND direction = 'out') AS messages_out,
    min(at) AS first_at,
    max(at) AS last_at
FROM bot_events
LEFT JOIN (SELECT bot_id, zone FROM bots FINAL) AS settings USING (bot_id)
WHERE user_id != ''
GROUP BY bot_id, day, user_id
COMMENT 'What each user did on each day';

CREATE OR REPLACE VIEW intents
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `day` Date COMMENT 'Day in the bot''s time zone',
    `intent` LowCardinality(String) COMMENT 'Intent',
    `messages` UInt64 COMMENT 'Messages of users with this intent',
    `users` UInt64 COMMENT 'Users who had it',
    `confidence_mean` Nullable(Float64) COMMENT 'Mean confidence, where the bot reports one'
)
AS SELECT
    bot_id,
    toDate(formatDateTime(at, '%F', if(settings.zone = '', 'UTC', settings.zone))) AS day,
    intent,
    count() AS messages,
    uniqExact(user_id) AS users,
    avg(intent_confidence) AS confidence_mean
FROM bot_events
LEFT JOIN (SELECT bot_id, zone FROM bots FINAL) AS settings USING (bot_id)
WHERE is_message AND direction = 'in' AND intent != ''
GROUP BY bot_id, day, intent
COMMENT 'What users wanted on each day';

CREATE OR REPLACE VIEW users
(
    `bot_id` LowCardinality(String) COMMENT 'Bot',
    `user_id` String COMMENT 'User',
    `first_at` DateTime64(3, 'UTC') COMMENT 'First event',
    `last_at` DateTime64(3, 'UTC') COMMENT 'Last event',
    `first_active_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'First message or custom event of the user; empty: never active',
    `last_active_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'Last message or custom event of the user',
    `events` UInt64 COMMENT 'Events of all kinds',
    `messages_in` UInt64 COMMENT 'Messages of the user',
    `messages_out` UInt64 COMMENT 'Messages to the user',
    `platform` LowCardinality(String) COMMENT 'Platform of the last event',
    `locale` LowCardinality(String) COMMENT 'Last known language and region',
    `user_attributes` Map(String, String) COMMENT 'Fields that describe the user, merged from all events: the newest value of each',
    `emails` Array(String) COMMENT 'Every e-mail address that an event gave, in alphabetical order',
    `phones` Array(String) COMMENT 'Every phone number that an event gave, in alphabetical order',
    `languages` Array(String) COMMENT 'Every language that an event gave, in alphabetical order'
)
AS SELECT
    bot_id,
    user_id,
    min(at) AS first_at,
    max(at) AS last_at,
    minOrNullIf(at, is_activity) AS first_active_at,
    maxOrNullIf(at, is_activity) AS last_active_at,
    count() AS events,
    countIf(is_message AND direction = 'in') AS messages_in,
    countIf(is_message AND direction = 'out') AS messages_out,
    argMax(platform, at) AS platform,
    argMaxIf(locale, at, locale != '') AS locale,
    -- the plain name maxMap is another function, which takes numbers only
    mapApply((name, newest) -> (name, newest.5), maxOrDefaultMap(mapApply((name, value) -> (name, (at, received_at, raw_offset, raw_index, value)), e.user_attributes))) AS user_attributes,
    arraySort(groupUniqArrayIf(e.user_attributes['email'], e.user_attributes['email'] != '')) AS emails,
    arraySort(groupUniqArrayIf(e.user_attributes['phone'], e.user_attributes['phone'] != '')) AS phones,
    arraySort(groupUniqArrayIf(e.user_attributes['language'], e.user_attributes['language'] != '')) AS languages
FROM bot_events AS e
WHERE user_id != ''
GROUP BY bot_id, user_id
COMMENT 'Everybody who ever talked to a bot, or of whom it was told';
