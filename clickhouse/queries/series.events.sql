-- Events counted one by one where cells cannot say: a filter, or minutes too old for cells. In one row for each key of the
-- dimension, those with the highest totals. `begins` are the first instants of the periods; revenue is in millionths.
SELECT key, groupArray(begin_s) AS begins, groupArray(number) AS numbers
FROM
(
    SELECT
        multiIf(
            %(by)s = 'platform', toString(platform),
            %(by)s = 'kind', toString(kind),
            %(by)s = 'direction', toString(direction),
            %(by)s = 'locale', toString(locale),
            %(by)s = 'intent', toString(intent),
            %(by)s = 'event', toString(event_name),
            %(by)s = 'currency', toString(currency),
            '') AS key,
        roundDown(toUnixTimestamp(at), %(begins)s) AS begin_s,
        sum(if(%(measure)s = 'revenue', toInt64(round(ifNull(amount, 0) * 1000000)), 1)) AS number
    FROM bot_events
    WHERE bot_id = %(bot)s
        AND at >= fromUnixTimestamp64Milli(%(first_s)s * 1000, 'UTC') AND at < fromUnixTimestamp64Milli(%(end_s)s * 1000, 'UTC')
        AND (%(measure)s IN ('events', 'revenue') OR is_message)
        AND (%(measure)s != 'revenue' OR amount IS NOT NULL)
        AND (%(measure)s NOT IN ('messages_in', 'intents') OR direction = 'in')
        AND (%(measure)s != 'messages_out' OR direction = 'out')
        AND (%(measure)s != 'intents' OR intent != '')
        AND (%(by)s != 'event' OR kind = 'custom')
        -- include series.filter
    GROUP BY key, begin_s
)
GROUP BY key
ORDER BY sum(number) DESC, key ASC
LIMIT %(groups)s
