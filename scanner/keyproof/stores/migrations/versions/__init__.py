"""One module a step of the schema; each is final once it was released."""
