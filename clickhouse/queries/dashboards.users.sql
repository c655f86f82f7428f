-- Users whose events hit a dashboard, those with the newest hit first, after the place where the page before ended.
SELECT user_id, uniqExact(event_id) AS hits, toUnixTimestamp64Milli(max(at)) AS last_ms
FROM dashboard_hits
WHERE bot_id = %(bot)s AND dashboard = %(dashboard)s AND version >= %(counted_from)s AND user_id != ''
    AND at >= fromUnixTimestamp64Milli(%(first_ms)s, 'UTC') AND at < fromUnixTimestamp64Milli(%(end_ms)s, 'UTC')
GROUP BY user_id
HAVING %(cursor_ms)s < 0 OR (last_ms, user_id) < (%(cursor_ms)s, %(cursor_user)s)
ORDER BY last_ms DESC, user_id DESC
LIMIT %(limit)s
