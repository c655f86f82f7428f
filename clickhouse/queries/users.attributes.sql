-- What is known of some users of a bot.
SELECT user_id, user_attributes, emails, phones, languages
FROM users
WHERE bot_id = %(bot)s AND user_id IN %(users)s
