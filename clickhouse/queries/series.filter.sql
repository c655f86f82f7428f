    -- Conditions of a filter; NULL for a dimension that has none.
    AND (%(platform)s IS NULL OR platform = %(platform)s)
    AND (%(kind)s IS NULL OR kind = %(kind)s)
    AND (%(direction)s IS NULL OR direction = %(direction)s)
    AND (%(locale)s IS NULL OR locale = %(locale)s)
    AND (%(intent)s IS NULL OR intent = %(intent)s)
    AND (%(event)s IS NULL OR (kind = 'custom' AND event_name = %(event)s))
