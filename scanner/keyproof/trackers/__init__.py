"""One module a ticket system; each satisfies ``ports.Tracker``."""
