-- The sum of the cells within a span.
SELECT sum(value)
FROM counter_generations
WHERE bot_id = %(bot)s AND generation = %(generation)s AND measure = %(measure)s AND dim = %(dim)s AND key IN %(keys)s AND `window` = %(window)s
    AND start >= toDateTime(%(first_s)s, 'UTC') AND start < toDateTime(%(end_s)s, 'UTC')
