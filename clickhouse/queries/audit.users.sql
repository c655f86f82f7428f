-- Active and new users, rolling windows and retention, from the days on which each user was active.
WITH
    toInt64(toDate(%(first)s)) AS first_wanted,
    toInt64(toDate(%(last)s)) AS last_wanted,
    %(week_shift)s AS week_shift,
    users AS
    (
        SELECT
            arraySort(groupUniqArray(toInt64(toDate(toDateTime(at, %(zone)s))))) AS days,
            days[1] AS first,
            arrayDistinct(arrayMap(day -> day - (day + week_shift) %% 7, days)) AS weeks,
            arrayDistinct(arrayMap(day -> toInt64(toStartOfMonth(toDate(day))), days)) AS months
        FROM bot_events
        WHERE bot_id = %(bot)s AND is_activity
        GROUP BY user_id
    ),
    periods AS
    (
        SELECT
            days, first, weeks, months,
            [
                ('day', first, arrayMap(day -> day - first, days)),
                ('week', weeks[1], arrayMap(week -> intDiv(week - weeks[1], 7), weeks)),
                ('rweek', weeks[1], arrayDistinct(arrayMap(day -> intDiv(day - first, 7), days))),
                ('month', months[1], arrayMap(month -> toInt64(toRelativeMonthNum(toDate(month))) - toInt64(toRelativeMonthNum(toDate(months[1]))), months))
            ] AS cohorts
        FROM users
    ),
    cells AS
    (
        SELECT arrayJoin(arrayConcat(
            [('new_users', '', 'day', first, '')],
            arrayMap(day -> ('active_users', '', 'day', day, ''), days),
            arrayMap(week -> ('active_users', '', 'week', week, ''), weeks),
            arrayMap(month -> ('active_users', '', 'month', month, ''), months),
            arrayFlatten(arrayMap(
                width -> arrayMap(
                    day -> ('active_users_' || toString(width) || 'd', '', 'day', day, ''),
                    arrayDistinct(arrayFlatten(arrayMap(day -> range(greatest(day, first_wanted), greatest(day, first_wanted, least(day + width, last_wanted + 1))), days)))),
                [7, 28, 30])),
            arrayFlatten(arrayMap(
                cohort -> arrayConcat(
                    arrayMap(n -> ('retained', 'cohort', cohort.1, cohort.2, toString(n)), cohort.3),
                    [
                        ('retained_last', 'cohort', cohort.1, cohort.2, toString(cohort.3[-1])),
                        ('retained_run', 'cohort', cohort.1, cohort.2, toString(
                            arrayFirstIndex((n, i) -> n != i - 1, arrayPushBack(cohort.3, -1), arrayEnumerate(arrayPushBack(cohort.3, -1))) - 2))
                    ]),
                cohorts))
        )) AS cell
        FROM periods
    )
SELECT cell.1 AS measure, cell.2 AS dim, cell.3 AS window, cell.4 * 86400 AS start, cell.5 AS key, toInt64(count()) AS value
FROM cells
WHERE cell.4 <= last_wanted AND cell.4 >= multiIf(
    cell.3 = 'day', first_wanted,
    cell.3 = 'month', toInt64(toStartOfMonth(toDate(%(first)s))),
    first_wanted - (first_wanted + week_shift) %% 7)
GROUP BY cell
