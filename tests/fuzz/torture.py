"""Mail of every kind that makes parsers stumble, and changes of it at random. The same number gives the same mail."""

import base64
import io
import random
import zipfile
from collections.abc import Callable

Seed = Callable[[random.Random], bytes]
GIF = b"R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
WORDS = b"alpha beta gamma delta jambo rafiki \xc3\xa4\xc3\xb6 <b>x</b> =3D=20 http://www.example.net/a?b=c".split()


def words(rng: random.Random, number: int) -> bytes:
    return b" ".join(rng.choice(WORDS) for _ in range(number))


def encoded(data: bytes) -> bytes:
    return b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(data)


def multipart(kind: bytes, boundary: bytes, parts: list[bytes], end: bytes = b"--") -> bytes:
    head = b'Content-Type: multipart/%s; boundary="%s"\n\npreamble\n' % (kind, boundary)
    return head + b"".join(b"--%s\n%s\n" % (boundary, part) for part in parts) + b"--%s%s\n" % (boundary, end)


def text(rng: random.Random) -> bytes:
    charset = rng.choice([b"us-ascii", b"utf-8", b"utf-16le", b"iso-2022-jp", b"utf-7", b"x-unknown", b'"', b"gb18030"])
    return b"Content-Type: text/plain; charset=%s\n\n%s\n" % (charset, words(rng, rng.randint(0, 200)))


def html(rng: random.Random) -> bytes:
    tags = [
        b"<div>",
        b"</div>",
        b"<table><tr><td>",
        b"<p style='x",
        b"<!--",
        b"-->",
        b"<a href='http://x.example/'>",
        b"&#x41;",
    ]
    return b"Content-Type: text/html\n\n" + b"\n".join(
        rng.choice(tags) + words(rng, 3) for _ in range(rng.randint(1, 300))
    )


def nested_messages(rng: random.Random) -> bytes:
    return b"Content-Type: message/rfc822\n\n" * rng.randint(1, 200) + b"Subject: in\n\nhello\n"


def encoded_messages(rng: random.Random) -> bytes:
    inside = nested_messages(rng)
    for _ in range(rng.randint(1, 6)):
        inside = b"Content-Type: message/rfc822\n" + encoded(inside)
    return inside


def nested_parts(rng: random.Random) -> bytes:
    inside = text(rng)
    for depth in range(rng.randint(1, 120)):
        inside = multipart(b"mixed", b"b%d" % depth, [inside], rng.choice([b"--", b"", b"-- "]))
    return inside


def same_boundary(rng: random.Random) -> bytes:
    inside = text(rng)
    for depth in range(rng.randint(2, 30)):
        inside = multipart(b"mixed", b"b" + b"b" * (depth % 3), [inside, b"", html(rng)])
    return inside


def flat_parts(rng: random.Random) -> bytes:
    return multipart(
        rng.choice([b"mixed", b"alternative", b"digest", b"related"]), b"=_x", [text(rng)] * rng.randint(1, 3000)
    )


def no_boundary(rng: random.Random) -> bytes:
    kind = rng.choice([b"", b"; boundary=", b'; boundary="', b"; boundary*0=a; boundary*1=b", b"; boundary=(x)y"])
    return b"Content-Type: multipart/mixed%s\n\n--ab\n%s\n--\n--ab--\n" % (kind, text(rng))


def parameters(rng: random.Random) -> bytes:
    form = rng.choice([b";\n name*%d=a", b";\n name*%d*=%%41", b";\n a%d=b", b";;%d", b';\n filename*%d="'])
    name = rng.choice([b"Content-Type: text/plain", b"Content-Disposition: attachment"])
    return name + b"".join(form.replace(b"%d", b"%d" % number) for number in range(rng.randint(1, 800))) + b"\n\nhi\n"


def encoded_words(rng: random.Random) -> bytes:
    word = rng.choice(
        [b"=?utf-8?B?w6Q=?=", b"=?utf-8?Q?=C3?=", b"=?x?B?====?=", b"=?iso-2022-jp?B?GyRC?=", b"=?utf-8?B?", b"?="]
    )
    return b"X-Words: " + b"\n ".join([word] * rng.randint(1, 600)) + b"\n" + text(rng)


def addresses(rng: random.Random) -> bytes:
    one = rng.choice(
        [b"a@example.net", b'"x\\" <a@b>', b"(((a", b"group: a@b, c@d;", b"<@a,@b:c@d>", b"\xc3\xa4@example.net", b","]
    )
    return b"Cc: " + b",\n ".join([one] * rng.randint(1, 600)) + b"\n" + text(rng)


def headers(rng: random.Random) -> bytes:
    name = rng.choice([b"Received", b"X-A", b"DKIM-Signature", b"ARC-Seal", b"References", b"List-Id"])
    value = rng.choice(
        [b"a", b"from a by b; x", b"v=1; a=rsa-sha256; d=a.example; s=s; h=from; bh=A; b=A", b"<" * 900, b"\t \t"]
    )
    return b"".join(b"%s: %s\n" % (name, value) for _ in range(rng.randint(1, 400))) + text(rng)


def lines(rng: random.Random) -> bytes:
    line = rng.choice(
        [b"", b" " * 5000, b"a" * 2000, b"--", b"--x", b"begin 644 a\n#86)C\n`\nend", b".", b"From me", b"\0", b"a\rb"]
    )
    return b"Content-Type: text/plain\n\n" + b"\n".join([line] * rng.randint(1, 500)) + b"\n"


def archive(rng: random.Random) -> bytes:
    data = b"inside"
    for _ in range(rng.randint(1, 4)):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
            for number in range(rng.randint(1, 40)):
                made.writestr(f"a{number}.zip", data)
            made.writestr("zeros.txt", bytes(1_000_000))
        data = file.getvalue()
    return b'Content-Type: application/zip; name="a.zip"\n' + encoded(data[: rng.randint(10, len(data))])


def noise(rng: random.Random) -> bytes:
    kind = rng.choice(
        [b"text/plain", b"text/html", b"application/pdf", b"image/gif", b"application/pkcs7-mime", b"message/rfc822"]
    )
    form = rng.choice([b"base64", b"quoted-printable", b"uuencode", b"8bit", b"x-none"])
    return b"Content-Type: %s\nContent-Transfer-Encoding: %s\n\n%s\n" % (
        kind,
        form,
        rng.randbytes(rng.randint(0, 3000)),
    )


def pictures(rng: random.Random) -> bytes:
    number = rng.randint(1, 300)
    page = b"Content-Type: text/html\n\n" + b"".join(b'<img src="cid:i%d@x">\n' % each for each in range(number))
    one = b"Content-Type: image/gif\nContent-ID: <i%d@x>\nContent-Transfer-Encoding: base64\n\n" + GIF
    return multipart(b"related", b"x", [page, *(one.replace(b"%d", b"%d" % each) for each in range(number))])


def signed(rng: random.Random) -> bytes:
    data = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80" * rng.randint(1, 2000)
    return b"Content-Type: application/pkcs7-mime; name=smime.p7m\n" + encoded(data)


SEEDS: list[Seed] = [
    *(text, html, nested_messages, encoded_messages, nested_parts, same_boundary, flat_parts, no_boundary, parameters),
    *(encoded_words, addresses, headers, lines, archive, noise, pictures, signed),
]


def changed(rng: random.Random, mail: bytes) -> bytes:
    """Some bytes turned, pieces doubled, cut or moved."""
    data = bytearray(mail)
    for _ in range(rng.choice([0, 0, 1, 2, 5, 20])):
        start = rng.randrange(len(data) + 1)
        end = min(len(data), start + rng.choice([1, 2, 10, 100, 1000]))
        piece = data[start:end]
        what = rng.randrange(5)
        if what == 0:
            data[start:end] = rng.randbytes(len(piece))
        elif what == 1:
            data[start:end] = piece * rng.randint(2, 20)
        elif what == 2:
            del data[start:end]
        elif what == 3:
            data[start:start] = rng.choice([b"\n", b"\n\n", b"\r", b"\n--x\n", b'"', b";", b"=?utf-8?B?", b"\0", b"<"])
        else:
            place = rng.randrange(len(data) + 1)
            data[place:place] = piece
    return bytes(data)


def letter(seed: int, number: int) -> bytes:
    """What follows the headers that say who writes to whom: more headers and a body."""
    rng = random.Random(seed * 1_000_000 + number)
    kind = SEEDS[number % len(SEEDS)]
    mail = kind(rng)
    if rng.random() < 0.3:
        mail = multipart(b"mixed", b"outer", [mail, rng.choice(SEEDS)(rng)])
    return changed(rng, mail)
