"""One module an issuer whose keys can be rotated; each satisfies ``ports.Rotator``."""
