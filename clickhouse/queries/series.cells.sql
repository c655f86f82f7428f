-- Numbers of some measures as cells say them; of a dimension the keys with the highest totals.
SELECT measure, key, toUnixTimestamp(start) AS start_s, sum(value) AS number
FROM counters
WHERE bot_id = %(bot)s AND measure IN %(measures)s AND dim = %(by)s AND `window` = %(window)s
    AND start >= toDateTime(%(first_s)s, 'UTC') AND start < toDateTime(%(end_s)s, 'UTC')
    AND (%(groups)s = 0 OR key IN
    (
        SELECT key
        FROM counters
        WHERE bot_id = %(bot)s AND measure IN %(measures)s AND dim = %(by)s AND `window` = %(window)s
            AND start >= toDateTime(%(first_s)s, 'UTC') AND start < toDateTime(%(end_s)s, 'UTC')
        GROUP BY key
        ORDER BY sum(value) DESC, key ASC
        LIMIT %(groups)s
    ))
GROUP BY measure, key, start_s
