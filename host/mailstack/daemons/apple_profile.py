"""Apple's configuration profile for one address, signed with the host's certificate."""

import os
import plistlib
import subprocess
import uuid

Settings = dict[str, object]


def signed(address: str, hostname: str) -> bytes:
    """The profile in CMS. Key and certificate are the unit's credentials (systemd.exec(5))."""
    given = os.environ["CREDENTIALS_DIRECTORY"]
    chain = f"{given}/fullchain.pem"
    sign = ["openssl", "smime", "-sign", "-nodetach", "-outform", "der", "-md", "sha256"]
    keys = ["-signer", chain, "-certfile", chain, "-inkey", f"{given}/privkey.pem"]
    content = plistlib.dumps(profile(address, hostname))
    return subprocess.run([*sign, *keys], input=content, capture_output=True, check=True).stdout


def profile(address: str, hostname: str) -> Settings:
    """The same for the same address: a second one replaces the first on the device."""

    def same(name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{address}#{name}")).upper()

    reverse = ".".join(reversed(hostname.split(".")))
    account: Settings = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{reverse}.mail.{same('mail')}",
        "PayloadUUID": same("mail"),
        "PayloadDisplayName": address,
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAccountDescription": address,
        "EmailAddress": address,
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    servers = _server("Incoming", 993, address, hostname) | _server("Outgoing", 465, address, hostname)
    return {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{reverse}.profile.{same('profile')}",
        "PayloadUUID": same("profile"),
        "PayloadDisplayName": address,
        "PayloadDescription": f"Mail account {address} on {hostname}",
        "PayloadOrganization": address.partition("@")[2],
        "PayloadContent": [account | servers],
    }


def _server(direction: str, port: int, address: str, hostname: str) -> Settings:
    return {
        f"{direction}MailServerHostName": hostname,
        f"{direction}MailServerPortNumber": port,
        f"{direction}MailServerUseSSL": True,
        f"{direction}MailServerUsername": address,
        f"{direction}MailServerAuthentication": "EmailAuthPassword",
    }
