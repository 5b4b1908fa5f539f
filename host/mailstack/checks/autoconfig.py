"""What programs of strangers look up over HTTPS, as they meet it."""

import re
import ssl
from http.client import HTTPConnection, HTTPResponse

from ..paths import on_host
from .bad import HERE, TIMEOUT, Bad

_SITES = "/etc/nginx/mailstack/sites/"
_QUESTION = "<Autodiscover><Request><EMailAddress>postmaster@{}</EMailAddress></Request></Autodiscover>"


def autoconfig(_name: str) -> str:
    """A mail program that sets itself up gets an answer, from the file and from the program."""
    names = _names("autoconfig")
    first = next((name for name in names if name.startswith("autoconfig.")), None)
    if first is None:
        return "off"
    domain = first.partition(".")[2]
    _expect(first, "GET", "/mail/config-v1.1.xml", "<clientConfig")
    question = _QUESTION.format(domain)
    _expect(f"autodiscover.{domain}", "POST", "/autodiscover/autodiscover.xml", f"postmaster@{domain}", question)
    return f"{len(names) // 2} domains"


def mta_sts(_name: str) -> str:
    """Other servers get the policy."""
    names = _names("mta-sts")
    policies = [_expect(name, "GET", "/.well-known/mta-sts.txt", "version: STSv1\n") for name in names]
    return policies[-1].split("\n")[1] if policies else "off"


def _names(site: str) -> list[str]:
    try:
        with open(on_host(f"{_SITES}{site}.conf"), encoding="utf-8") as file:
            return [name for line in re.findall(r"server_name ([^;]+);", file.read()) for name in line.split()]
    except FileNotFoundError:
        return []


def _expect(name: str, method: str, path: str, text: str, body: str | None = None) -> str:
    """The answer, over a connection whose certificate is good for the name."""
    connection = HTTPConnection(HERE, 443, timeout=TIMEOUT)
    try:
        connection.connect()
        connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=name)
        connection.request(method, path, body, {"Host": name})
        answer: HTTPResponse = connection.getresponse()
        said = answer.read(100_000).decode("utf-8", "replace")
    except ssl.SSLCertVerificationError as error:
        raise Bad(f"{name}: {error.verify_message}") from None
    finally:
        connection.close()
    if answer.status != 200 or text not in said:
        raise Bad(f"https://{name}{path} answers {answer.status}")
    return said
