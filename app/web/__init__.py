"""
The web process: ingest, sign-in, the read API and pages, one aiohttp application.

`server.build` puts it together: each area is a package or module with `attach(app)`, which finds what it needs under the
typed keys of `parts`.
"""
