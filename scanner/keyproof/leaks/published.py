"""Values that vendors' documents and developers' tools print for everybody: by hash, never in clear.

An emulator's fixed key, a specification's test vector, a manual's sample and the plain digest of a
word such as ``test`` open nothing.
"""

from __future__ import annotations

import hashlib

_SIZE = 8
_JWT_SAMPLE = b".eyJzdWIiOiIxMjM0NTY3ODkwI"
"""The subject ``1234567890`` of the token that explains JSON Web Tokens everywhere."""
_HASHES = bytes.fromhex(
    """
    0011cc25eb432071 00b3dc640c9c99fc 00cf4c781dc37003 0330b11998cbc9ab 04d74b634ecdbb5f
    07e23ede2756aa3f 08428467285068b4 0986eb8c9de02108 0b5dd075ccdd03c4 0c9ccc0efa883292
    0d287772dfced309 0e04efa6bc7d2d51 113459eb7bb31bdd 13fe7a38a57c4605 1422bbe6812451a9
    15cef4b629cc2d07 168601827c50b370 190edf59d5736c3b 1cb4bc3a41744bf0 1d23b6b67fde9263
    1fbf6d20358e3554 2243ae4c73014469 23e9efa3ced6e70c 243cd6766dfc55fe 28981d08ecff66aa
    299bbc6453f96d5c 2cafc0970149a84f 2e4ff57e9c832eda 2ff8b0fb93aca981 3a64bcd9cea43c0a
    3d91b58504a6cc3a 3f2cd8e57b096fe7 4318d0ff75af86d7 465c194afb65670f 48e0954096864b1b
    4914e23374bb211e 49dc52e6bf2abe5e 4c20e6f5cc11b937 4d3e46eec8244d1d 507e2ce3c522082b
    5085ae10071e433d 5122a1d1bc9d8766 52955ea362d202c7 52bbea75ee75a6f1 53f5da0aaa93d64c
    577cfe66bf6c95dd 578592185588730b 57afc11665beb68d 584b27d64ebc1b33 5aac38e542b76b97
    5ba1ed8425baaa72 5ccf2edb4f070f0b 63d25a1eb677d096 64034b44c579b335 649e1f5c769e718b
    6aa14267d94944e6 6c96130f130ab0d6 6caa448826c11cd3 6cebd764dd9840fc 6d31c4c9c005c3fd
    73f71af093fdf154 7b3d979ca8330a94 80f8b7c904d4a43f 819994820a8ec7d6 8335c55334821eef
    84ab0bb014da0f31 8737fe2e24535f5a 8b1b17a9740c068a 8be5d113c0871ce1 8d567eb88afff34f
    8e0628300c16fe38 96c3780287c58bd0 998ed4d621742d0c 9c5d0a6656e5d3f3 9c846fdf0fa8955c
    9d03b692e941d5ac 9d6a2b9d1f01d457 9e309cccd311ea64 9f9dd1d2e3f189e7 a35b81a7d7927b70
    a3a9e1ed9732cab2 a45404ae333dd955 a7b580d711ef2807 a9ecc465cf1159ae aa6547439583c3a2
    ad71fb4165536675 b171a33e8f8a16ec b26ab6529d20ebeb b2761ff991a7eb52 b4eca784724fe789
    b5a04226bda8fc65 b5b17ca1d65733bb b83e96417f61cb14 b8e148545b13c78b bb9b1163338b2a51
    bc1a50966c9e6486 c28e1316f6231ba3 c2cdb5350be92a49 c43062c082d50991 c97b628dec750655
    ca7459e2b26776de ca9e680399decb9d cb87c87e4a138d9a cd372fb85148700f cdf4a007e2b02a0c
    ce9b398823bd4e00 cf4d418ed3de92d7 cfdb0b01ec7be831 d7914fe546b68468 d8bdf9a0cb27a193
    d8ccc3c547c85017 db2d8e82412b775f e0bc614e4fd035a4 e6c2d3455587c47c e9974c507d2a8021
    e9e73c5dbae4e48e ea9bdfd02c0c412c ecb0e7ba498c5920 ee258b5e3a3e3b78 f215faf9d88b7f0a
    f2d6ca16515033e5 f3c3964ca854e172 f4187ad2496a8677 f420161d76f067dd f5375a46365089a8
    f5e95c9954635b65 fa146b83df550394 fb5451a6ac958718 fc73176ce50c18dc
    """
)
_PUBLISHED = frozenset(_HASHES[at : at + _SIZE] for at in range(0, len(_HASHES), _SIZE))


def is_published(value: bytes) -> bool:
    """Whether a value is a documented sample: it stands in a manual, and opens nothing."""
    if _JWT_SAMPLE in value:
        return True
    return hashlib.sha256(value.removeprefix(b"0x")).digest()[:_SIZE] in _PUBLISHED
