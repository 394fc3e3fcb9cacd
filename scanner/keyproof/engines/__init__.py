"""One module a policy engine; each offers ``open_engine`` for a ``ports.Engine``."""
