"""The nouns of keyproof: frozen documents, one module a noun, no behaviour beyond their own shape.

Nothing is imported here: ``model.secret`` is on the hook's path, where msgspec is not.
"""
