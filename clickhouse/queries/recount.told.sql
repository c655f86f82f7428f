-- Which generation SQL is shown of a bot.
SELECT generation FROM bots FINAL WHERE bot_id = %(bot)s
