-- Parts of cells that are nobody's: what back-fills of dashboards and recounts wrote.
SELECT
    if(generation = 0, bot_id, concat(bot_id, '~', toString(generation))) AS name, measure, dim, `window`,
    toInt64(toUnixTimestamp(start)) AS start_s, key, max(stamp) AS newest
FROM counter_parts
WHERE stream_partition = %(partition)s AND start >= toDateTime(%(first_s)s, 'UTC')
GROUP BY name, measure, dim, `window`, start_s, key
