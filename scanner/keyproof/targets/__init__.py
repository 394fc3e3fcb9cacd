"""One module a place where a new key is put; each satisfies ``ports.Target``."""
