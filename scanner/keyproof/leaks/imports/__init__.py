"""What other scanners' files say, in our own words: one module a format.

A format of rules offers ``TITLE``, ``RULES`` (true) and ``read(text, name) -> Reading``; a format
of accepted findings offers ``TITLE``, ``RULES`` (false) and ``read(text, name) -> Acceptances``.
``recognises(name, text)`` tells whether a file is one of its own. Nothing here opens a connection.
"""
