"""Faust storage of what `app.core` folds."""
