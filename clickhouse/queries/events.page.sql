-- Events of a bot, newest first, after the place where the page before ended.
SELECT
    event_id, user_id, toUnixTimestamp64Milli(at) AS at_ms, toUnixTimestamp64Milli(received_at) AS received_ms,
    direction, kind, text, intent, intent_confidence, not_handled, platform, conversation_id, session_id, message_id,
    event_name, amount, currency, locale, attributes, user_attributes, warnings, dialect, sdk,
    raw_partition, raw_offset, raw_index
FROM bot_events
WHERE bot_id = %(bot)s
    AND at >= fromUnixTimestamp64Milli(%(first_ms)s, 'UTC') AND at < fromUnixTimestamp64Milli(%(end_ms)s, 'UTC')
    AND (%(user)s = '' OR user_id = %(user)s)
    AND (%(conversation)s = '' OR conversation_id = %(conversation)s)
    AND (%(kind)s = '' OR kind = %(kind)s)
    AND (%(direction)s = '' OR direction = %(direction)s)
    AND (%(text)s = '' OR positionCaseInsensitiveUTF8(text, %(text)s) > 0)
    AND (%(cursor_ms)s < 0 OR (toUnixTimestamp64Milli(at), user_id, event_id) < (%(cursor_ms)s, %(cursor_user)s, %(cursor_event)s))
ORDER BY at DESC, user_id DESC, event_id DESC
LIMIT %(limit)s
