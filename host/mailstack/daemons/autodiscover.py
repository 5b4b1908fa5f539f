"""Microsoft's autodiscover: the answer to what Outlook posts (MS-OXDSCLI, section 2.2.4).

Mail servers only: there is no Exchange and no ActiveSync here. Whether an address exists is nobody's business: every
one in the hosted domains gets the same answer.
"""

import re
from collections.abc import Collection
from xml.sax.saxutils import escape

_ADDRESS = re.compile(r"(?=.{1,64}@)[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*@([A-Za-z0-9.-]{1,253})")
_RESPONSES = "http://schemas.microsoft.com/exchange/autodiscover/"
_OUTLOOK = _RESPONSES + "outlook/responseschema/2006a"
_SERVERS = (
    ("IMAP", 993, "SSL", ""),
    ("POP3", 995, "SSL", ""),
    ("SMTP", 465, "SSL", "\n        <UsePOPAuth>off</UsePOPAuth>"),
)


class Refused(Exception):
    """No answer: one of autodiscover's own error codes, and why."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


def hosted(text: str, domains: Collection[str]) -> str:
    """The address in lower case. Raises for one that is in none of the domains."""
    found = _ADDRESS.fullmatch(text.strip())
    if not found or found.group(2).lower() not in domains:
        raise Refused(500, "The address is not one of this server's domains")
    return found.group().lower()


def answer(posted: str, hostname: str, domains: Collection[str]) -> str:
    """The answer, or autodiscover's form of none."""
    try:
        if _element("AcceptableResponseSchema", posted) not in ("", _OUTLOOK):
            raise Refused(601, "Provider is not available")
        return _settings(hosted(_element("EMailAddress", posted), domains), hostname)
    except Refused as error:
        return refusal(error.code, error.words)


def _element(name: str, text: str) -> str:
    """The text of the only element of that name. No parser: what strangers send is not to be unfolded."""
    found = re.search(rf"<{name}>([^<&]*)</{name}>", text)
    return found.group(1).strip() if found else ""


def _settings(address: str, hostname: str) -> str:
    login = escape(address)
    protocols = "".join(
        f"""
      <Protocol>
        <Type>{kind}</Type>
        <Server>{hostname}</Server>
        <Port>{port}</Port>
        <DomainRequired>off</DomainRequired>
        <LoginName>{login}</LoginName>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>{encryption}</Encryption>
        <AuthRequired>on</AuthRequired>{more}
      </Protocol>"""
        for kind, port, encryption, more in _SERVERS
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="{_RESPONSES}responseschema/2006">
  <Response xmlns="{_OUTLOOK}">
    <User>
      <DisplayName>{login}</DisplayName>
    </User>
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>{protocols}
    </Account>
  </Response>
</Autodiscover>
"""


def refusal(code: int, words: str) -> str:
    """What autodiscover answers when it has no answer."""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="{_RESPONSES}responseschema/2006">
  <Response>
    <Error Time="00:00:00" Id="0">
      <ErrorCode>{code}</ErrorCode>
      <Message>{words}</Message>
      <DebugData />
    </Error>
  </Response>
</Autodiscover>
"""
