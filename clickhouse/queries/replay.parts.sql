-- Parts of cells that track wrote and no replay says again at their place, as far as a live view keeps them (app/core/live.py):
-- hits of dashboards, and whatever a recount counted, whose history has the log day of the recount.
SELECT DISTINCT
    stream_partition, log_day, if(generation = 0, bot_id, concat(bot_id, '~', toString(generation))) AS name, measure, dim,
    `window`, toInt64(toUnixTimestamp(start)) AS start_s, key
FROM counter_parts
WHERE ((measure = 'hits' AND dim = 'dashboard') OR (generation > 0 AND measure IN %(measures)s)) AND stream_partition != %(history)s
    AND (
        (`window` = 'minute' AND start >= toDateTime(%(minute)s, 'UTC'))
        OR (`window` = 'hour' AND start >= toDateTime(%(hour)s, 'UTC'))
        OR (`window` = 'day' AND start >= toDateTime(%(day)s, 'UTC'))
        OR (`window` = 'week' AND start >= toDateTime(%(week)s, 'UTC'))
        OR (`window` = 'month' AND start >= toDateTime(%(month)s, 'UTC'))
    )
