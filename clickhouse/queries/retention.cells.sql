-- Retention cells of cohorts; everything from `periods` on in one.
SELECT toUnixTimestamp(start) AS start_s, least(toUInt32OrZero(key), %(periods)s) AS n, sum(value) AS users
FROM counter_generations
WHERE bot_id = %(bot)s AND generation = %(generation)s AND measure = %(measure)s AND dim = 'cohort' AND `window` = %(window)s
    AND start >= toDateTime(%(first_s)s, 'UTC') AND start < toDateTime(%(end_s)s, 'UTC')
GROUP BY start_s, n
