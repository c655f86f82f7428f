-- Which events hit a dashboard, newest first, after the place where the page before ended.
SELECT DISTINCT toUnixTimestamp64Milli(at) AS at_ms, user_id, event_id
FROM dashboard_hits
WHERE bot_id = %(bot)s AND dashboard = %(dashboard)s AND version >= %(counted_from)s
    AND at >= fromUnixTimestamp64Milli(%(first_ms)s, 'UTC') AND at < fromUnixTimestamp64Milli(%(end_ms)s, 'UTC')
    AND (%(cursor_ms)s < 0 OR (at_ms, user_id, event_id) < (%(cursor_ms)s, %(cursor_user)s, %(cursor_event)s))
ORDER BY at_ms DESC, user_id DESC, event_id DESC
LIMIT %(limit)s
