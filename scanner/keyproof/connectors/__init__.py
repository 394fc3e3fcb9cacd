"""One module a kind of source; each satisfies ``ports.Connector``."""
