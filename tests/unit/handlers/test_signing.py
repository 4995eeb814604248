"""Signatures verify with the official Standard Webhooks library, for every way a secret may be written."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from duetmind_handlers.alerts.signing import keys_of, signed_headers

BODY = '{"a": "ü"}'.encode()


def headers(*secrets: str, id: str = "e-1", body: bytes = BODY) -> dict[str, str]:
    keys = [key for secret in secrets for key in keys_of(secret)]
    return signed_headers(keys, id, datetime.now(UTC), body)


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=200).map(lambda raw: raw.hex().encode()))
def test_a_marked_secret_verifies(key, body):
    secret = "whsec_" + b64encode(key).decode()
    Webhook(secret).verify(body, headers(secret, body=body), json_parse=False)


def test_a_marked_secret_may_lack_its_padding():
    secret = "whsec_" + b64encode(b"four").decode().rstrip("=")
    Webhook(secret).verify(BODY, headers(secret))


def test_a_bare_secret_verifies_for_receivers_that_take_its_bytes():
    Webhook(b"correct horse battery staple").verify(BODY, headers("correct horse battery staple"))


def test_a_bare_base64_secret_verifies_for_receivers_of_either_kind():
    secret = b64encode(b"0123456789abcdef").decode()
    Webhook(secret).verify(BODY, headers(secret))
    Webhook(secret.encode()).verify(BODY, headers(secret))


def test_while_rotating_either_secret_verifies_and_a_third_does_not():
    old, new, other = ("whsec_" + b64encode(word).decode() for word in (b"old", b"new", b"other"))
    sent = headers(old, new)
    Webhook(old).verify(BODY, sent)
    Webhook(new).verify(BODY, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, sent)


def test_a_changed_body_or_id_does_not_verify():
    sent = headers("whsec_" + b64encode(b"key").decode())
    for body, changed in ((BODY + b" ", sent), (BODY, {**sent, "webhook-id": "e-2"})):
        with pytest.raises(WebhookVerificationError):
            Webhook(b"key").verify(body, changed)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_###canary###"])
def test_what_is_no_secret_is_refused_without_repeating_it(secret):
    with pytest.raises(ValueError, match=r"is empty|must be base64") as refused:
        keys_of(secret)
    assert "canary" not in str(refused.value)
