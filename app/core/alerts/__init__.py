"""
Alerts: which numbers they need, what these are now, and when an alert fires and resolves. Pure; the stage is app/agents/alert.py.

    watching    which cells an alert needs           machine     ok -> pending -> firing -> ok, and what is told of it
    windows     which minutes or days it looks at    table       what one partition of the stage keeps
    judging     does its condition hold              definitions what the registry says, and one evaluation
    deliveries  what is sent to whom, and how that went
    past        what a web process knows of all that
"""
