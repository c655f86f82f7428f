-- What one generation says of how events arrived, and the next does not.
SELECT measure, toInt64(toUnixTimestamp(start)) AS start_s,
    sumIf(value, generation = %(shown)s) - sumIf(value, generation = %(coming)s) AS number
FROM counter_generations
WHERE bot_id = %(bot)s AND generation IN (%(shown)s, %(coming)s) AND measure IN %(measures)s AND dim = '' AND `window` = 'hour'
GROUP BY measure, start
HAVING number != 0
