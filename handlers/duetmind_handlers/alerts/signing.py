"""Standard Webhooks signatures: how a receiver tells our messages from anyone else's.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime
from typing import Final

#: marks a secret as base64, by the specification
PREFIX: Final = "whsec_"


def keys_of(secret: str) -> tuple[bytes, ...]:
    """The keys a written secret stands for; raises ValueError, without the secret in it, when there is none.

    `whsec_…` is base64. Anything else is taken as its bytes; but since the official libraries read a bare
    secret as base64 too, one that is valid base64 also signs with what it decodes to, so that either kind of
    receiver finds its signature.

    >>> keys_of("whsec_c2VjcmV0"), keys_of("no base64!"), keys_of("c2VjcmV0")
    ((b'secret',), (b'no base64!',), (b'c2VjcmV0', b'secret'))
    """
    bare = secret.removeprefix(PREFIX)
    try:
        decoded = b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if bare != secret:
        if not decoded:
            raise ValueError("is not a webhook secret: what follows whsec_ must be base64")
        return (decoded,)
    if not secret:
        raise ValueError("is empty")
    return (secret.encode(), decoded) if decoded else (secret.encode(),)


def signed_headers(keys: Iterable[bytes], id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers: `id` is the same over all tries of a message, `at` is the moment of this try.

    >>> from datetime import UTC
    >>> signed_headers([b"k"], "e1", datetime(2026, 1, 1, tzinfo=UTC), b"{}")["webhook-timestamp"]
    '1767225600'
    """
    timestamp = str(int(at.timestamp()))
    signed = f"{id}.{timestamp}.".encode() + body
    signatures = (b64encode(hmac.digest(key, signed, "sha256")).decode("ascii") for key in keys)
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
