"""Keeps the nouns in SQLite or PostgreSQL, through SQLAlchemy Core."""
