-- Differences from day to day; everything before the first day counts as one difference of the day before it.
SELECT greatest(toUnixTimestamp(start), %(first_s)s - 1) AS start_s, sum(value) AS difference
FROM counter_generations
WHERE bot_id = %(bot)s AND generation = %(generation)s AND measure = %(measure)s AND dim = '' AND `window` = 'day'
    AND start < toDateTime(%(end_s)s, 'UTC')
GROUP BY start_s
