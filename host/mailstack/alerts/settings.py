"""Who is told, and how; written by the deployment (templates/alerts). Only root can read it."""

import json
import re
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit

from ..errors import MailstackError
from ..paths import on_host
from ..progress import mask
from ..safe_path import read

FOLDER = "/etc/mailstack-alerts"
FILE = FOLDER + "/settings.json"
_SMS = FOLDER + "/sms.json"
_SMS_TOKEN = "sms-token"
# File in FOLDER -> the setting that its URL comes from.
URLS = {
    "webhook-url": "alertWebhookUrl",
    "slack-url": "alertSlackUrl",
    "ntfy-url": "alertNtfyUrl",
    "heartbeat-url": "heartbeatUrl",
}


@dataclass(frozen=True)
class Sms:
    """As in templates/alerts/etc/mailstack-alerts/sms.json, with the secret beside it."""

    account: str
    # A number, or the SID of a messaging service.
    sender: str
    to: list[str]
    # Name of the server.
    host: str
    # Secret: it sends messages that cost money.
    token: str = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """As in templates/alerts/etc/mailstack-alerts/settings.json."""

    # The host's name, which alerts come from.
    hostname: str
    # Addresses that get a mail.
    mail: list[str]
    # Those of them whose mailbox is on this host: their mail waits while its daemons are down.
    local: list[str]
    # Secret: whoever knows one can send to it. Keys of URLS.
    urls: dict[str, str] = field(default_factory=dict)
    sms: Sms | None = None

    def is_local(self, address: str) -> bool:
        """Whether mail to this address ends on this host."""
        return address in self.local


def load() -> Settings:
    """Raises an error if the stack has no alerts."""
    try:
        content, _ = read(on_host(FILE))
    except FileNotFoundError:
        raise MailstackError("this host has no alerts; set mailstack:alerts and run pulumi up") from None
    known = {each.name for each in fields(Settings)} - {"urls", "sms"}
    plain = {key: value for key, value in json.loads(content).items() if key in known}
    urls = {name: _secret(name) for name in URLS}
    return Settings(**plain, urls={name: url for name, url in urls.items() if url}, sms=_sms())


def check() -> None:
    """Raises for a URL or a token that cannot be used, without repeating it."""
    wanted = load()
    if wanted.sms and not re.fullmatch(r"[0-9a-f]{32}", wanted.sms.token):
        raise MailstackError("mailstack:alertSmsToken must be the account's auth token, 32 hexadecimal digits")
    for name, url in wanted.urls.items():
        problem = url_problem(url)
        if problem:
            raise MailstackError(f"mailstack:{URLS[name]} {problem}")


def url_problem(url: str) -> str:
    """What is wrong with it; empty when nothing is."""
    if any(not "!" <= letter <= "~" for letter in url):
        return "must contain printable ASCII characters only"
    try:
        parts = urlsplit(url)
        # Reading it raises for what is no port.
        usable = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    return "" if usable else "must be an https:// URL"


def _sms() -> Sms | None:
    try:
        content, _ = read(on_host(_SMS))
    except FileNotFoundError:
        return None
    return Sms(**json.loads(content), token=_secret(_SMS_TOKEN))


def _secret(name: str) -> str:
    """Masked in all output from now on; empty if the stack has none."""
    try:
        content, _ = read(on_host(f"{FOLDER}/{name}"))
    except FileNotFoundError:
        return ""
    value = content.decode().strip()
    mask(value)
    return value
