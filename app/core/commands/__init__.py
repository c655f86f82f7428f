"""
What may be done: each command is a function of the registry's state that gives facts, or a refusal that says why.

    bots  instances  keys  hook_secrets  people  dashboards  alerts

Ids, times, hashes and sealed texts are arguments.  Whether the facts hold is decided by the order of the log (registry/state.py):
a command may be asked again with a newer state, so it must not do anything but answer.
"""
