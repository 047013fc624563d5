"""The page over HTTP, for this machine alone.

A page of any other site may send requests to this one too, so a request counts only where it names
this host (which a name that was pointed here does not) and, where it asks something, brings the
token that stands in our page, and which no other site can read.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import compare_digest, token_urlsafe
from threading import Lock

from ..errors import UserError
from ..ops.failures import plainly
from ..writing import json_text
from .page import page, policy
from .replies import described, respond

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
LARGEST = 1 << 20              # bytes of a request: a story at its longest has less
PATIENCE = 30                  # seconds that a connection may stay silent
PATHS = {"/": "GET", "/reply": "POST"}


class Server(ThreadingHTTPServer):
    """Serves the page of some networks; `address` is where.

    port: 0 for a free one.  Raises UserError where it cannot be had.
    """

    daemon_threads = True                                  # Ctrl-C waits for no connection

    def __init__(self, networks, port=0):
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            raise UserError(f"--port {port}: cannot be used ({error.strerror}); give another, or "
                            "leave it out") from None
        self.networks, self.token = networks, token_urlsafe()
        self.one_at_a_time = Lock()                        # a network is no two threads' at once
        self.address = f"http://{HOST}:{self.server_port}/"
        self.page = page(described(networks) | {"token": self.token})

    def reply(self, request):
        """-> status, reply.  A network that fails ends the request, and not the server."""
        try:
            with self.one_at_a_time, plainly():
                return 200, respond(self.networks, request)
        except UserError as error:                         # a device that failed
            return 500, {"error": " ".join(str(error).split())}
        except Exception as error:
            return 500, {"error": f"the network could not answer this ({type(error).__name__})"}

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), OSError):       # who asked has gone
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "tinydmn", ""
    timeout = PATIENCE

    def do_GET(self):
        if self.allowed("GET"):
            self.send(200, self.server.page.encode(), "text/html; charset=utf-8")

    def do_POST(self):
        if not self.allowed("POST"):
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            return self.send_error(411, "a request says how long it is")
        if int(length) > LARGEST:
            return self.send_error(413, f"a request has {LARGEST:,} bytes at most")
        body = self.rfile.read(int(length))
        if not self.from_our_page():
            return self.send_error(403, "not asked by the page that is open now; reload it")
        try:
            request = json.loads(body)
        except (ValueError, RecursionError):
            return self.send_error(400, "the request is not JSON")
        status, reply = self.server.reply(request)
        self.send(status, json_text(reply, indent=None).encode(), "application/json")

    def allowed(self, method):
        """Whether host, path and method are ours; where not, the answer says what is wrong."""
        if self.headers.get("Host") not in {f"{name}:{self.server.server_port}" for name in NAMES}:
            self.send_error(403, f"this host is {HOST}:{self.server.server_port}, and no other")
        elif (path := self.path.partition("?")[0]) not in PATHS:
            self.send_error(404, "no such page; the one there is stands at /")
        elif PATHS[path] != method:
            self.send_error(405, f"{path} is for {PATHS[path]}")
        else:
            return True

    def from_our_page(self):
        origin, token = self.headers.get("Origin"), self.headers.get("X-Token", "")
        ours = origin in (None, f"http://{self.headers['Host']}")
        return ours and compare_digest(token.encode(), self.server.token.encode())

    def send(self, status, body, kind):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))),
                            ("Content-Security-Policy", policy("'self'")),
                            ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"),
                            ("Cross-Origin-Resource-Policy", "same-origin"),
                            ("Referrer-Policy", "no-referrer")):
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code, message=None, explain=None):
        """One line, as JSON.  What was sent and not read goes with the connection."""
        self.close_connection = True
        what = message or self.responses.get(code, ("an error",))[0]
        self.send(code, json_text({"error": what}, indent=None).encode(), "application/json")

    def log_message(self, *_):
        """The terminal is for the address alone."""
