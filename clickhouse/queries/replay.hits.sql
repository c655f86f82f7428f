-- Parts of cells that track wrote of dashboards, as far as a live view keeps them (app/core/live.py).
SELECT DISTINCT stream_partition, log_day, if(generation = 0, bot_id, concat(bot_id, '~', toString(generation))) AS name, `window`, toInt64(toUnixTimestamp(start)) AS start_s, key
FROM counter_parts
WHERE measure = 'hits' AND dim = 'dashboard' AND stream_partition != %(history)s
    AND (
        (`window` = 'minute' AND start >= toDateTime(%(minute)s, 'UTC'))
        OR (`window` = 'hour' AND start >= toDateTime(%(hour)s, 'UTC'))
        OR (`window` = 'day' AND start >= toDateTime(%(day)s, 'UTC'))
    )
