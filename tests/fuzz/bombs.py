"""Mail that is built to keep a filter busy, a kind each; the number is how much of it. And large mail that is none."""

import base64
import io
import zipfile


def _encoded(kind: bytes, data: bytes, form: bytes = b"base64") -> bytes:
    content = base64.encodebytes(data) if form == b"base64" else data
    return b"Content-Type: %s\nContent-Transfer-Encoding: %s\n\n%s\n" % (kind, form, content)


def _parts(part: bytes, number: int, kind: bytes = b"mixed") -> bytes:
    return b'Content-Type: multipart/%s; boundary="x"\n\n' % kind + (b"--x\n" + part + b"\n") * number + b"--x--\n"


def _nested(number: int) -> bytes:
    return b"Content-Type: message/rfc822\n\n" * number + b"hi\n"


def _inside_each_other(number: int, between: bytes = b"") -> bytes:
    level = b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' + between
    return b"".join(level.replace(b"%d", b"%d" % each) for each in range(number)) + b"\nhi\n"


def _base64_in_base64(size: int) -> bytes:
    mail = _nested(size // 60)
    while len(mail) < size:
        mail = _encoded(b"message/rfc822", mail)
    return mail


def _zip(files: int, size: int) -> bytes:
    data = b"x"
    for _ in range(2):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(files):
                archive.writestr(f"{number}.zip", data)
            archive.writestr("zeros", bytes(size))
        data = file.getvalue()
    return _encoded(b'application/zip; name="a.zip"', data)


# What is refused before Rspamd sees it.
REFUSED = {
    "messages in messages": _nested(100_000),
    "messages in messages, folded": b"Content-Type:\n message/rfc822;\n x=y\n\n" * 20_000 + b"hi\n",
    "messages in messages, in base64": _encoded(b"message/rfc822", _nested(50_000)),
    "messages in messages, quoted": _encoded(
        b"message/rfc822", _nested(20_000).replace(b"/", b"=2F"), b"quoted-printable"
    ),
    "base64 in base64": _base64_in_base64(2_000_000),
    "parts in parts": _inside_each_other(5_000),
    "parts in messages in parts": _inside_each_other(2_000, b"Content-Type: message/rfc822\n\n"),
    "parts side by side": _parts(b"\na", 200_000),
    "pages side by side": _parts(b"Content-Type: text/html\n\n<p>a b c</p>", 50_000),
    "messages side by side": _parts(b"Content-Type: message/rfc822\n\nSubject: a\n\nhi", 30_000, b"digest"),
    "parts of a boundary by RFC 2231": _parts(b"\na", 60_000).replace(b'boundary="x"', b"boundary*0*=us-ascii''%78"),
    "parts of a boundary that is not given": _parts(b"\na", 60_000).replace(b'; boundary="x"', b""),
    "many boundaries of one part": b"Content-Type: multipart/mixed"
    + b";\n boundary=a" * 4_000
    + b"\n\n"
    + b"".join(b"--z%d\n" % number for number in range(19_000)),
    "ends of base64": _encoded(b"message/rfc822", b"").rstrip() + b"\n\n" + b"a=\n" * 2_000_000,
    "lines like boundaries": _parts(b"\n" + b"".join(b"--y%d\n" % number for number in range(100_000)), 1),
    "headers": b"X-A: b\n" * 300_000 + b"\nhi\n",
    "headers in a part": _parts(b"X-A: b\n" * 300_000 + b"\nhi", 1),
    "signatures": b"DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s; h=from; bh=AAAA; b=AAAA\n" * 5_000 + b"\nhi\n",
}

# What takes Rspamd long, but not for ever.
SLOW = {
    "one header": b"X-A: " + b"aaaaaaaaaa\n " * 9_000 + b"\n\nhi\n",
    "encoded words": b"X-W: " + b"=?iso-2022-jp?B?YWFh?=\n " * 4_000 + b"x\n\nhi\n",
    "addresses": b"Cc: " + b",\n ".join(b"a%d@example.net" % number for number in range(4_000)) + b"\n\nhi\n",
    "comments in Sender": b"Sender: " + (b"(" * 900 + b"\n ") * 60 + b"a@example.net\n\nhi\n",
    "comments in a second From": b"From: " + (b"(" * 900 + b"\n ") * 60 + b"a@example.net\n\nhi\n",
    "comments in comments": b"Cc: " + b"(" * 900 + b"\n " + b")" * 900 + b" a@example.net\n\nhi\n",
    "parameters": b"Content-Type: text/plain"
    + b"".join(b";\n name*%d*=%%41" % each for each in range(6_000))
    + b"\n\nhi\n",
    "tags in tags": b"Content-Type: text/html\n\n" + b"<div><b><a href='x'>\n" * 100_000,
    "tags in base64": _encoded(b"text/html", b"<table><tr><td><i>" * 200_000),
    "styles": b"Content-Type: text/html\n\n<style>\n" + b".a{color:red;display:none}\n" * 60_000 + b"</style><p>x\n",
    "links": b"Content-Type: text/plain\n\n" + b"".join(b"http://h%d.example.net/\n" % each for each in range(60_000)),
    "words": b"Content-Type: text/plain\n\n" + b"".join(b"w%d zq%d\n" % (each, each * 7) for each in range(200_000)),
    "long line": b"Content-Type: text/plain\n\n" + b"a " * 1_000_000 + b"\n",
    "empty lines": b"Content-Type: text/plain\n\n" + b"\n" * 2_000_000,
    "charset": _encoded(b"text/plain; charset=iso-2022-jp", b"\x1b$B0!\x1b(B" * 300_000),
    "uuencode": b"Content-Type: text/plain\n\n" + b"begin 644 a\n#86)C\n`\nend\n" * 60_000,
    "archive in archive": _zip(300, 100_000_000),
    "signed in binary": _encoded(
        b"application/pkcs7-mime", b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80" * 60_000
    ),
}

# What people really send.
GOOD = {
    "attachment of 25 MB": _encoded(b'application/octet-stream; name="film.bin"', bytes(range(256)) * 100_000),
    "digest of 200 messages": _parts(b"Content-Type: message/rfc822\n\nSubject: a\n\nhello\n", 200, b"digest"),
    "300 parts": _parts(b"Content-Type: text/plain\n\nhello", 300),
    "forwarded 20 times": b"Content-Type: message/rfc822\n\nSubject: Fwd\n" * 20 + b"\nhello\n",
    "forwarded 20 times with a text": _inside_each_other(20, b"Content-Type: message/rfc822\n\n"),
    "a patch of 3000 files": b"Content-Type: text/x-diff\n\n"
    + b"--- a/file\n+++ b/file\n@@ -1 +1 @@\n-a\n+b\n" * 3_000,
    "a table with 5000 lines": b"Content-Type: text/plain\n\n" + b"-------- -------- --------\na b c\n" * 5_000,
}
