"""One module an output format; each satisfies ``ports.Reporter``."""
