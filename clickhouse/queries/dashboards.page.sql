-- Events of a bot that did not hit a dashboard's version on arrival, in the order of the table's key, after the place where the
-- page before ended.
SELECT
    user_id, event_id, toUnixTimestamp64Milli(at) AS at_ms, toUnixTimestamp64Milli(received_at) AS received_ms,
    kind, direction, platform, text, intent, intent_confidence, not_handled, event_name, amount, locale, attributes,
    user_attributes
FROM bot_events
WHERE bot_id = %(bot)s AND NOT has(dashboards, %(hit)s)
    AND (user_id > %(user)s OR (user_id = %(user)s AND event_id > %(event)s))
ORDER BY bot_id, user_id, event_id
LIMIT %(limit)s
