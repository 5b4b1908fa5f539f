"""An HTTPS server that writes every request down; see alert-receiver.ts."""

import http.server
import json
import pathlib
import socket
import ssl
import sys
import threading

folder = pathlib.Path(sys.argv[1])
writing = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        refused = folder / "refused"
        prefix = refused.read_text() if refused.exists() else ""
        status = 503 if prefix and self.path.startswith(prefix) else 200
        entry = {
            "method": self.command,
            "path": self.path,
            "headers": dict(self.headers),
            "body": body,
            "status": status,
        }
        with writing, open(folder / "requests", "a") as file:
            file.write(json.dumps(entry) + "\n")
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET


class Server(http.server.ThreadingHTTPServer):
    # Of both families.
    address_family = socket.AF_INET6


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/etc/peer/tls/certificate.pem", "/etc/peer/tls/key.pem")
server = Server(("::", 443), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
(folder / "ready").touch()
server.serve_forever()
