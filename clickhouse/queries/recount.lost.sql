-- Events that were counted on days, over by now, of which no event is stored any more: how many, the first day and the last.
SELECT toInt64(sum(counted)), toString(min(day)), toString(max(day))
FROM
(
    SELECT toDate(start, 'UTC') AS day, sum(value) AS counted
    FROM counter_generations
    WHERE bot_id = %(bot)s AND generation = %(generation)s AND measure = 'events' AND dim = '' AND `window` = 'day'
    GROUP BY day
    HAVING counted > 0
)
WHERE day < today() - 1 AND day NOT IN (SELECT toDate(toDateTime(at, %(zone)s)) FROM events WHERE bot_id = %(bot)s)
