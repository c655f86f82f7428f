-- Distinct active users of periods that have no cells. `begins` are the first instants of the periods.
SELECT roundDown(toUnixTimestamp(at), %(begins)s) AS begin_s, uniqExact(user_id) AS number
FROM bot_events
WHERE bot_id = %(bot)s AND is_activity AND user_id != ''
    AND at >= fromUnixTimestamp64Milli(%(first_s)s * 1000, 'UTC') AND at < fromUnixTimestamp64Milli(%(end_s)s * 1000, 'UTC')
    -- include series.filter
GROUP BY begin_s
