-- Generations of which there are numbers.
SELECT DISTINCT bot_id, generation FROM counter_parts WHERE bot_id IN %(bots)s
