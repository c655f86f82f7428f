-- Parts of cells that back-fills of dashboards wrote.
SELECT if(generation = 0, bot_id, concat(bot_id, '~', toString(generation))) AS name, `window`, toInt64(toUnixTimestamp(start)) AS start_s, key, max(stamp) AS newest
FROM counter_parts
WHERE measure = 'hits' AND dim = 'dashboard' AND stream_partition = %(partition)s AND start >= toDateTime(%(first_s)s, 'UTC')
GROUP BY name, `window`, start_s, key
