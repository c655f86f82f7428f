-- Every event of a bot in one month of a span, in the order in which they happened.
SELECT
    bot_id, user_id, concat(replaceOne(toString(at), ' ', 'T'), 'Z') AS at, concat(replaceOne(toString(received_at), ' ', 'T'), 'Z') AS received_at,
    event_id, platform, direction, kind, text, intent, intent_confidence, not_handled, conversation_id, session_id, message_id,
    event_name, amount, currency, locale, attributes, user_attributes, dashboards, dialect, sdk, raw_partition, raw_offset, raw_index
FROM bot_events AS e
WHERE bot_id = %(bot)s
    AND toYYYYMM(e.at) = %(month)s
    AND e.at >= fromUnixTimestamp64Milli(%(from_ms)s)
    AND e.at < fromUnixTimestamp64Milli(%(to_ms)s)
ORDER BY e.at, user_id, event_id
