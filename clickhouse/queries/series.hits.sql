-- How often a dashboard was hit, as cells say it; all its versions from `counted_from` on together.
SELECT toUnixTimestamp(start) AS start_s, sum(value) AS number
FROM counter_generations
WHERE bot_id = %(bot)s AND generation = %(generation)s AND measure = 'hits' AND dim = 'dashboard' AND `window` = %(window)s
    AND start >= toDateTime(%(first_s)s, 'UTC') AND start < toDateTime(%(end_s)s, 'UTC')
    AND splitByChar('@', key)[1] = %(dashboard)s AND toUInt32(splitByChar('@', key)[2]) >= %(counted_from)s
GROUP BY start
