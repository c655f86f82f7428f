-- What is counted per event: totals and dimensions of events, messages, intents and revenue, by local hour and day.
SELECT measure, dim, period.1 AS window, period.2 AS start, key, sum(hourly) AS value
FROM
(
    SELECT
        name.1 AS measure,
        name.2 AS dim,
        name.3 AS key,
        hour,
        toInt64(toDate(toDateTime(hour, %(zone)s))) * 86400 AS day,
        sum(name.4) AS hourly
    FROM
    (
        SELECT
            toDateTime(at, %(zone)s) AS local,
            intDiv(toUnixTimestamp(local) + timezoneOffset(local), 3600) * 3600 - timezoneOffset(local) AS hour,
            arrayConcat(
                [('events', '', '', 1), ('events', 'platform', platform::String, 1), ('events', 'kind', kind::String, 1), ('events', 'direction', direction::String, 1)],
                if(kind = 'custom', [('events', 'event', event_name::String, 1)], []),
                if(is_message, [('messages', '', '', 1), ('messages', 'platform', platform::String, 1), ('messages', 'kind', kind::String, 1), ('messages', 'locale', locale::String, 1), ('messages', 'direction', direction::String, 1)], []),
                if(is_message, [('messages_' || direction, '', '', 1), ('messages_' || direction, 'platform', platform::String, 1), ('messages_' || direction, 'kind', kind::String, 1), ('messages_' || direction, 'locale', locale::String, 1)], []),
                if(is_message AND direction = 'in' AND intent != '', [('intents', '', '', 1), ('intents', 'intent', intent::String, 1)], []),
                if(amount IS NULL, [], [('revenue', 'currency', currency::String, toInt64(round(assumeNotNull(amount) * 1000000)))])
            ) AS names
        FROM bot_events
        WHERE bot_id = %(bot)s AND toDate(toDateTime(at, %(zone)s)) BETWEEN toDate(%(first)s) AND toDate(%(last)s)
    )
    ARRAY JOIN names AS name
    GROUP BY measure, dim, key, hour
)
ARRAY JOIN [('hour', hour), ('day', day)] AS period
GROUP BY measure, dim, window, start, key
