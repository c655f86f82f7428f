-- Events counted one by one, where they are too old to be in cells of minutes.
SELECT
    multiIf(
        %(by)s = 'platform', toString(platform),
        %(by)s = 'kind', toString(kind),
        %(by)s = 'direction', toString(direction),
        %(by)s = 'locale', toString(locale),
        %(by)s = 'intent', toString(intent),
        %(by)s = 'event', toString(event_name),
        '') AS key,
    intDiv(toUnixTimestamp(at), 60) * 60 AS start_s,
    count() AS number
FROM bot_events
WHERE bot_id = %(bot)s
    AND at >= fromUnixTimestamp64Milli(%(first_s)s * 1000, 'UTC') AND at < fromUnixTimestamp64Milli(%(end_s)s * 1000, 'UTC')
    AND (%(measure)s = 'events' OR is_message)
    AND (%(measure)s NOT IN ('messages_in', 'intents') OR direction = 'in')
    AND (%(measure)s != 'messages_out' OR direction = 'out')
    AND (%(measure)s != 'intents' OR intent != '')
    AND (%(by)s != 'event' OR kind = 'custom')
GROUP BY key, start_s
