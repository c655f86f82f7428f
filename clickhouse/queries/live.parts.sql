-- Parts of the cells that a live view keeps (app/core/live.py), the newest value of each; of all generations, by their names.
SELECT
    stream_partition, log_day, if(generation = 0, bot_id, concat(bot_id, '~', toString(generation))) AS name, measure, dim, `window`, toUnixTimestamp(start) AS start_s, key,
    argMax(value, stamp) AS number, max(stamp) AS newest
FROM counter_parts
WHERE bot_id IN %(bots)s AND measure IN %(measures)s
    AND (
        ((dim = '' OR measure = 'hits') AND `window` = 'minute' AND start >= toDateTime(%(minute)s, 'UTC'))
        OR ((dim = '' OR measure = 'hits') AND `window` = 'hour' AND start >= toDateTime(%(hour)s, 'UTC'))
        OR (`window` = 'day' AND start >= toDateTime(%(day)s, 'UTC'))
        OR (dim = '' AND `window` = 'week' AND start >= toDateTime(%(week)s, 'UTC'))
        OR (dim = '' AND `window` = 'month' AND start >= toDateTime(%(month)s, 'UTC'))
    )
GROUP BY stream_partition, log_day, name, measure, dim, `window`, start_s, key
