"""What other scanners' files say, in our own words: one module a format.

A format of rules offers ``TITLE``, ``RULES`` (true), ``read(text, name) -> Reading`` and
``alone(text)``, whether a file rests on no other; a format of accepted findings offers ``TITLE``,
``RULES`` (false) and ``read(text, name) -> Acceptances``.
``recognises(name, text)`` tells whether a file is one of its own. Nothing here opens a connection.
"""
