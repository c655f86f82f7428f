-- Distinct users whose events hit a dashboard. `begins` are the first instants of the periods.
SELECT roundDown(toUnixTimestamp(at), %(begins)s) AS begin_s, uniqExact(user_id) AS number
FROM dashboard_hits
WHERE bot_id = %(bot)s AND dashboard = %(dashboard)s AND version >= %(counted_from)s AND user_id != ''
    AND at >= fromUnixTimestamp64Milli(%(first_s)s * 1000, 'UTC') AND at < fromUnixTimestamp64Milli(%(end_s)s * 1000, 'UTC')
GROUP BY begin_s
