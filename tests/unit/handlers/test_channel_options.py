"""A channel that cannot work says in one sentence which setting to mend, and never a setting's value."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest
from pydantic import SecretStr

from duetmind_adaptive.errors import ConfigError
from duetmind_handlers.alerts import apprise, email, log, slack, webhook

WEBHOOK = {"url": "https://example.com/hook", "secret": SecretStr("whsec_c2VjcmV0")}
EMAIL = {"host": "mail.example.com", "sender": "a@example.com", "recipients": ["b@example.com"]}
SLACK = {"webhook_url": SecretStr("https://hooks.slack.com/services/T0/B0/canary")}
APPRISE = {"url": SecretStr("jsons://user:canary@example.com/hook")}
CREATE = {
    "log": log.create,
    "webhook": webhook.create,
    "email": email.create,
    "slack": slack.create,
    "apprise": apprise.create,
}


@pytest.mark.parametrize(
    ("type", "options"),
    [
        ("log", {}),
        ("webhook", WEBHOOK),
        ("webhook", {**WEBHOOK, "secret": [SecretStr("old secret"), SecretStr("whsec_bmV3")]}),
        ("webhook", {**WEBHOOK, "url": SecretStr("http://10.0.0.1:9000/x"), "allow_private": ["10.0.0.0/8"]}),
        ("webhook", {**WEBHOOK, "allow_private": True}),
        ("email", EMAIL),
        ("email", {"host": "h", "sender_email": "Me <me@example.com>", "recipients": "a@example.com, b@example.com"}),
        ("email", {**EMAIL, "security": "none", "host": "localhost", "username": "u", "password": SecretStr("p")}),
        ("email", {**EMAIL, "sender": "Größe <a@example.com>"}),
        ("slack", SLACK),
        ("apprise", APPRISE),
        ("apprise", {"url": SecretStr("https://discord.com/api/webhooks/0123456789/" + "a" * 68)}),
    ],
)
def test_good_settings_make_a_channel_with_or_without_their_type_named(type, options):
    assert CREATE[type]("ops", options).name == "ops"
    assert CREATE[type]("ops", {"type": type, **options}).name == "ops"


@pytest.mark.parametrize(
    ("type", "options", "sentence"),
    [
        ("log", {"level": "info"}, "alerts.channels.ops: `level` is not a setting of this channel"),
        ("webhook", {}, "alerts.channels.ops: `url` is missing; `secret` is missing"),
        ("webhook", {**WEBHOOK, "url": "ftp://canary"}, "`url`: must be a URL that starts with https:// or http://"),
        ("webhook", {**WEBHOOK, "url": "https://canary:port"}, "`url`: is not a URL"),
        ("webhook", {**WEBHOOK, "url": "https://exa\nmple.com"}, "`url`: must be a URL"),
        ("webhook", {**WEBHOOK, "secret": []}, "`secret`: is an empty list"),
        ("webhook", {**WEBHOOK, "secret": SecretStr("whsec_!canary!")}, "`secret`: is not a webhook secret"),
        ("webhook", {**WEBHOOK, "allow_private": ["canary"]}, "`allow_private`: "),
        ("email", {}, "`host` is missing; `sender` is missing; `recipients` is missing"),
        ("webhook", {**WEBHOOK, "url": f"https://{'a' * 64}.example.com/canary"}, "`url`: is not a URL"),
        ("email", {**EMAIL, "host": ""}, "`host`: is not the name of a host"),
        ("email", {**EMAIL, "host": "a..b"}, "`host`: is not the name of a host"),
        ("email", {**EMAIL, "host": "mail.example.com canary"}, "`host`: is not the name of a host"),
        ("email", {**EMAIL, "recipients": []}, "`recipients`: "),
        ("email", {**EMAIL, "recipients": ["nobody"]}, "`recipients`: must be an address like"),
        ("email", {**EMAIL, "sender": "a@example.com\nBcc: canary"}, "`sender`: must be an address like"),
        ("email", {**EMAIL, "sender": "<a@example.com> SIZE=1"}, "`sender`: must be an address like"),
        ("email", {**EMAIL, "sender": "größe@example.com"}, "`sender`: must be an address like"),
        ("email", {**EMAIL, "security": "ssl"}, "`security`: Input should be 'starttls', 'tls' or 'none'"),
        ("email", {**EMAIL, "port": 70_000}, "`port`: "),
        ("email", {**EMAIL, "username": "me"}, "`username` and `password` go together"),
        (
            "email",
            {**EMAIL, "security": "none", "username": "me", "password": SecretStr("canary")},
            "would send the password in the clear",
        ),
        ("email", {**EMAIL, "ca_file": "ca.pem"}, "`ca_file`: must be an absolute path"),
        ("email", {**EMAIL, "ca_file": "/no/such.pem"}, "`ca_file`: names no file"),
        ("slack", {}, "`webhook_url` is missing"),
        ("slack", {"webhook_url": SecretStr("canary")}, "`webhook_url`: must be a URL"),
        ("apprise", {}, "`url` is missing"),
        ("apprise", {"url": "jsons://canary"}, "`url`: holds tokens; give {env: NAME} or {file: PATH}"),
        ("apprise", {"url": SecretStr("nosuch://canary")}, "`url`: is not a URL that Apprise can use here"),
        ("apprise", {**APPRISE, "urls": []}, "`urls` is not a setting of this channel"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line_without_its_value(type, options, sentence):
    with pytest.raises(ConfigError) as refused:
        CREATE[type]("ops", options)
    said = str(refused.value)
    assert sentence in said
    assert said.startswith("alerts.channels.ops: ")
    assert "\n" not in said
    assert "canary" not in said
    assert refused.value.__cause__ is None


def test_each_entry_point_names_its_factory():
    found = {each.name: each.load() for each in entry_points(group="duetmind.alert_channels")}
    assert found == CREATE


def test_apprise_is_loaded_by_the_first_channel_that_uses_it():
    code = (
        "import sys; import duetmind_handlers.alerts.apprise; print(sorted({'apprise', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_daemon_that_only_logs_loads_no_mail_or_chat_client():
    code = (
        "import sys; from duetmind_handlers.alerts.log import create; create('log', {});"
        "print(sorted({'aiosmtplib', 'slack_sdk', 'aiohttp', 'apprise', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
