-- Users of a bot, those seen last first, after the place where the page before ended; or one of them.
SELECT
    user_id, toUnixTimestamp64Milli(first_at) AS first_ms, toUnixTimestamp64Milli(last_at) AS last_ms,
    toUnixTimestamp64Milli(first_active_at) AS first_active_ms, toUnixTimestamp64Milli(last_active_at) AS last_active_ms,
    events, messages_in, messages_out, platform, locale
FROM users
WHERE bot_id = %(bot)s AND user_id != '' AND (%(user)s = '' OR user_id = %(user)s)
    AND (%(cursor_ms)s < 0 OR (toUnixTimestamp64Milli(last_at), user_id) < (%(cursor_ms)s, %(cursor_user)s))
ORDER BY last_at DESC, user_id DESC
LIMIT %(limit)s
