-- Users whose first active day lies in each period. `begins` are the first instants of the periods.
SELECT roundDown(first_s, %(begins)s) AS begin_s, count() AS number
FROM
(
    SELECT toUnixTimestamp(min(at)) AS first_s
    FROM bot_events
    WHERE bot_id = %(bot)s AND is_activity AND user_id != '' AND at < fromUnixTimestamp64Milli(%(end_s)s * 1000, 'UTC')
    -- include series.filter
    GROUP BY user_id
)
WHERE first_s >= %(first_s)s
GROUP BY begin_s
