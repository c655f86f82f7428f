-- Tables of this database that hold rows, and whether these belong to bots.
SELECT name, name IN (SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'bot_id') AS has_bot
FROM system.tables
WHERE database = currentDatabase() AND engine != 'View'
