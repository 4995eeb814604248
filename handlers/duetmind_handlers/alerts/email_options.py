"""What the email channel asks for, checked when the configuration is read: addresses, ports, who may see a password."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, model_validator

from duetmind_handlers.alerts.egress import is_loopback_name
from duetmind_handlers.alerts.options import Options

#: the port of each kind of security, unless one is given (RFC 6409, RFC 8314, RFC 5321)
PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}

#: an address alone, or in angle brackets after a name; nothing quoted, no comments, no lists
#: (non-ASCII names are fine, non-ASCII addresses would ask for SMTPUTF8, which many servers lack)
_ADDRESS: Final = re.compile(r"""(?:[^<>"\\;:,@()]+ )?<(?P<boxed>[^<>"\s,;]+)>|(?P<bare>[^<>"\s,;]+)""")


def _address(text: str) -> str:
    """A mail address, with or without a display name, that can neither hide a header nor an SMTP command."""
    shape = _ADDRESS.fullmatch(text)
    address = (shape["boxed"] or shape["bare"]) if shape and text.isprintable() else ""
    try:
        Address(addr_spec=address)
    except (ValueError, IndexError):  # the parser runs off the end of some malformed addresses
        address = ""
    if "@" not in address or not address.isascii() or parseaddr(text)[1] != address:
        raise ValueError("must be an address like ops@example.com or Ops <ops@example.com>")
    return text


def _host(text: str) -> str:
    try:
        text.encode("idna")
    except UnicodeError:
        raise ValueError("is not the name of a host") from None
    if not text or not text.isprintable() or " " in text:
        raise ValueError("is not the name of a host")
    return text


def _listed(value: object) -> object:
    return [each.strip() for each in value.split(",")] if isinstance(value, str) else value


def _is_absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    if not path.is_file():
        raise ValueError("names no file")
    return path


MailAddress = Annotated[str, AfterValidator(_address)]


class EmailOptions(Options):
    """The SMTP server, and who writes to whom."""

    host: Annotated[str, AfterValidator(_host)]
    port: int | None = Field(None, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    sender: MailAddress = Field(validation_alias=AliasChoices("sender", "sender_email"))
    recipients: Annotated[tuple[MailAddress, ...], BeforeValidator(_listed), Field(min_length=1)]
    ca_file: Annotated[Path, AfterValidator(_is_absolute)] | None = None

    @property
    def port_in_use(self) -> int:
        """The port, or the one usual for this kind of security."""
        return self.port or PORTS[self.security]

    @model_validator(mode="after")
    def _credentials(self) -> EmailOptions:
        if (self.username is None) != (self.password is None):
            raise ValueError("`username` and `password` go together")
        if self.password and self.security == "none" and not is_loopback_name(self.host):
            raise ValueError("`security: none` would send the password in the clear; use starttls or tls")
        return self
