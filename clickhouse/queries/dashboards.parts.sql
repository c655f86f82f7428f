-- What back-fills of a dashboard's version said before.
SELECT `window`, toInt64(toUnixTimestamp(start)) AS start_s, argMax(value, stamp) AS number, max(stamp) AS newest
FROM counter_parts
WHERE bot_id = %(bot)s AND generation = %(generation)s AND measure = 'hits' AND dim = 'dashboard' AND key = %(hit)s AND stream_partition = %(partition)s
GROUP BY `window`, start_s
