-- The same cells as track counted them; of rolling measures every cell up to the last day, as they are sums of those.
SELECT measure, dim, window, toInt64(toUnixTimestamp(start)) AS start, key, value
FROM counters
WHERE bot_id = %(bot)s AND measure IN %(measures)s AND value != 0 AND (
    (window = 'day' AND start BETWEEN toDateTime(if(startsWith(measure, 'active_users_'), 0, %(day_start)s), 'UTC') AND toDateTime(%(last_start)s, 'UTC'))
    OR (window IN ('week', 'rweek') AND start BETWEEN toDateTime(%(week_start)s, 'UTC') AND toDateTime(%(last_start)s, 'UTC'))
    OR (window = 'month' AND start BETWEEN toDateTime(%(month_start)s, 'UTC') AND toDateTime(%(last_start)s, 'UTC'))
    OR (window = 'hour' AND start >= toDateTime(%(from)s, 'UTC') AND start < toDateTime(%(until)s, 'UTC')))
