-- Rows and bytes on disk of each table, repeats included until they are merged.
SELECT table, toUInt64(sum(rows)) AS rows, toUInt64(sum(bytes_on_disk)) AS bytes
FROM system.parts
WHERE database = currentDatabase() AND active
GROUP BY table
