-- Parts of the cells that an alert begins to look at, the newest value of each.
SELECT
    stream_partition, log_day, key, toUnixTimestamp(start) AS start_s, argMax(value, stamp) AS number, max(stamp) AS newest
FROM counter_parts
WHERE bot_id = %(bot)s AND generation = %(generation)s AND measure = %(measure)s AND `window` = %(window)s AND start >= toDateTime(%(first_s)s, 'UTC')
    AND if(%(dashboard)s = '', dim = '', dim = 'dashboard' AND startsWith(key, concat(%(dashboard)s, '@')))
GROUP BY stream_partition, log_day, key, start_s
