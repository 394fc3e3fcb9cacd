"""Values that vendors' documents and developers' tools print for everybody: by hash, never in clear.

An emulator's fixed key, a specification's test vector and a manual's sample open nothing.
"""

from __future__ import annotations

import hashlib

_SIZE = 8
_JWT_SAMPLE = b".eyJzdWIiOiIxMjM0NTY3ODkwI"
"""The subject ``1234567890`` of the token that explains JSON Web Tokens everywhere."""
_HASHES = bytes.fromhex(
    """
    0011cc25eb432071 00b3dc640c9c99fc 00cf4c781dc37003 0b5dd075ccdd03c4 0e04efa6bc7d2d51
    15cef4b629cc2d07 1fbf6d20358e3554 2243ae4c73014469 23e9efa3ced6e70c 28981d08ecff66aa
    2cafc0970149a84f 2ff8b0fb93aca981 3a64bcd9cea43c0a 4c20e6f5cc11b937 4d3e46eec8244d1d
    507e2ce3c522082b 53f5da0aaa93d64c 578592185588730b 5aac38e542b76b97 5ba1ed8425baaa72
    63d25a1eb677d096 64034b44c579b335 649e1f5c769e718b 6aa14267d94944e6 6c96130f130ab0d6
    73f71af093fdf154 80f8b7c904d4a43f 819994820a8ec7d6 8335c55334821eef 8d567eb88afff34f
    8e0628300c16fe38 9c5d0a6656e5d3f3 9c846fdf0fa8955c 9d03b692e941d5ac 9d6a2b9d1f01d457
    a35b81a7d7927b70 aa6547439583c3a2 b26ab6529d20ebeb b83e96417f61cb14 bb9b1163338b2a51
    bc1a50966c9e6486 c2cdb5350be92a49 ca7459e2b26776de cb87c87e4a138d9a cf4d418ed3de92d7
    cfdb0b01ec7be831 ecb0e7ba498c5920 f2d6ca16515033e5 f5375a46365089a8 f5e95c9954635b65
    fa146b83df550394 fc73176ce50c18dc
    """
)
_PUBLISHED = frozenset(_HASHES[at : at + _SIZE] for at in range(0, len(_HASHES), _SIZE))


def is_published(value: bytes) -> bool:
    """Whether a value is a documented sample: it stands in a manual, and opens nothing."""
    if _JWT_SAMPLE in value:
        return True
    return hashlib.sha256(value.removeprefix(b"0x")).digest()[:_SIZE] in _PUBLISHED
