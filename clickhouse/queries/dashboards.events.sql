-- Some events of a bot, newest first, with what `events.page` says of each.
SELECT
    event_id, user_id, toUnixTimestamp64Milli(at) AS at_ms, toUnixTimestamp64Milli(received_at) AS received_ms,
    direction, kind, text, intent, intent_confidence, not_handled, platform, conversation_id, session_id, message_id,
    event_name, amount, currency, locale, attributes, user_attributes, warnings, dialect, sdk,
    raw_partition, raw_offset, raw_index
FROM bot_events
WHERE bot_id = %(bot)s AND (user_id, event_id) IN %(places)s
ORDER BY at DESC, user_id DESC, event_id DESC
