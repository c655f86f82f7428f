"""The stages: each reads topics and writes topics or tables; decisions are taken in `app.core`."""
