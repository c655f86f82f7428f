"""
Rules: what a dashboard counts, as JSON and as text, checked, and matched against every event at little cost.

    language        the types: a rule, what fields there are, what may be asked of each
    reading         JSON -> rule, or what is wrong with it and where
    text            `direction = in and text ~ "refund|money back"` <-> rule
    evaluation      what a rule means: one rule, one event
    matching        all rules of a bot at once, at about the price of a few
    contradictions  rules that no event can ever match

docs/rules.md tells people of it.
"""
