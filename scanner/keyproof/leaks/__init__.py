"""The git and text scanner: object walk, matcher, decoders, identity, baseline."""
