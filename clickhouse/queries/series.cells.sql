-- Numbers of a measure as cells say them, in one row for each key of the dimension (NULL: all keys); those with the
-- highest totals.
SELECT key, groupArray(start_s) AS starts, groupArray(number) AS numbers
FROM
(
    SELECT key, toUnixTimestamp(start) AS start_s, value AS number
    FROM counter_generations
    WHERE bot_id = %(bot)s AND generation = %(generation)s AND measure = %(measure)s AND dim = %(dim)s AND `window` = %(window)s
        AND (%(key)s IS NULL OR key = %(key)s)
        AND start >= toDateTime(%(first_s)s, 'UTC') AND start < toDateTime(%(end_s)s, 'UTC')
)
GROUP BY key
ORDER BY sum(number) DESC, key ASC
LIMIT %(groups)s
