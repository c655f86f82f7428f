-- Events of a bot that were stored before its next generation began (`begins`: offset by partition of bot-events), in the order
-- of the table's key, after the place where the page before ended.
SELECT
    user_id, event_id, toUnixTimestamp64Milli(at) AS at_ms, toUnixTimestamp64Milli(received_at) AS received_ms,
    kind, direction, platform, intent, not_handled, session_id, event_name, amount, currency, locale, warnings, dashboards
FROM events FINAL
WHERE bot_id = %(bot)s AND stream_offset < arrayElement(%(begins)s, stream_partition + 1)
    AND (user_id > %(user)s OR (user_id = %(user)s AND event_id > %(event)s))
ORDER BY bot_id, user_id, event_id
LIMIT %(limit)s
