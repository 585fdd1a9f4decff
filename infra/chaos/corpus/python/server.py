"""The flights app in another language, with Python's standard library alone: the timeout and the retries of exercise 3.

It speaks as much of MySQL's protocol as one query needs, over a connection of its own for each attempt.
"""

import hashlib
import json
import os
import random
import socket
import struct
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SQL = (
    "SELECT r.src_ap, r.dst_ap, a.name FROM routes r JOIN airlines a ON a.alid = r.alid "
    "WHERE r.src_ap = '%s' AND r.dst_ap = '%s' ORDER BY a.name LIMIT 100"
)


def seconds(name):
    """A duration of Go's, such as 100ms or 1m30s, in seconds."""
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
    total, digits, unit = 0.0, "", ""
    for letter in os.environ[name] + " ":
        if unit and not letter.isalpha():
            total, digits, unit = total + float(digits) * units[unit], "", ""
        if letter.isalpha():
            unit += letter
        else:
            digits += letter
    return total


TIMEOUT, DEADLINE = seconds("TIMEOUT"), seconds("DEADLINE")
ATTEMPTS = int(os.environ["RETRY_ATTEMPTS"])
BASE_DELAY, MAX_DELAY = seconds("RETRY_BASE_DELAY"), seconds("RETRY_MAX_DELAY")


class Connection:
    """A connection to MySQL, up to a point in time."""

    def __init__(self, until):
        self.until, self.sequence = until, 0
        address = os.environ["DB_HOST"], int(os.environ["DB_PORT"])
        self.socket = socket.create_connection(address, self.left())
        try:
            self.log_in()
        except BaseException:
            self.socket.close()
            raise

    def left(self):
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def read(self, size):
        data = b""
        while len(data) < size:
            self.socket.settimeout(self.left())
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError("the database hung up")
            data += piece
        return data

    def receive(self):
        head = self.read(4)
        self.sequence = head[3] + 1
        packet = self.read(head[0] | head[1] << 8 | head[2] << 16)
        if packet[:1] == b"\xff":
            raise RuntimeError(packet[9:].decode(errors="replace"))
        return packet

    def send(self, payload):
        self.socket.settimeout(self.left())
        self.socket.sendall(struct.pack("<I", len(payload))[:3] + bytes([self.sequence % 256]) + payload)

    def log_in(self):
        greeting = self.receive()
        at = greeting.index(b"\0", 1) + 5
        scramble = greeting[at : at + 8] + greeting[at + 27 : at + 39]
        flags = 0x1 | 0x8 | 0x200 | 0x8000 | 0x80000
        proof = self.proof(scramble)
        self.send(
            struct.pack("<IIB23x", flags, 1 << 24, 45)
            + os.environ["DB_USER"].encode() + b"\0"
            + bytes([len(proof)]) + proof
            + os.environ["DB_NAME"].encode() + b"\0mysql_native_password\0"
        )
        answer = self.receive()
        if answer[:1] == b"\xfe":  # The server wants the proof for another scramble.
            self.send(self.proof(answer[answer.index(b"\0", 1) + 1 :].rstrip(b"\0")))
            self.receive()

    def proof(self, scramble):
        secret = hashlib.sha1(os.environ["DB_PASSWORD"].encode()).digest()
        mask = hashlib.sha1(scramble + hashlib.sha1(secret).digest()).digest()
        return bytes(a ^ b for a, b in zip(secret, mask))

    def query(self, sql):
        self.sequence = 0
        self.send(b"\x03" + sql.encode())
        for _ in range(self.receive()[0] + 1):  # The columns, and the packet that ends them.
            self.receive()
        rows = []
        while (packet := self.receive())[:1] != b"\xfe":
            row, at = [], 0
            while at < len(packet):  # Names are shorter than 251 bytes, so one byte holds their length.
                size = packet[at]
                row.append(packet[at + 1 : at + 1 + size].decode())
                at += 1 + size
            rows.append(dict(zip(("from", "to", "airline"), row)))
        return rows


def attempt(sql, until):
    connection = Connection(min(until, time.monotonic() + TIMEOUT))
    with connection.socket:
        return connection.query(sql)


def find(sql, waits):
    until, delay = time.monotonic() + DEADLINE, BASE_DELAY
    for number in range(1, ATTEMPTS + 1):
        try:
            return attempt(sql, until)
        except OSError:
            pause = delay * random.uniform(0.5, 1)
            delay = min(2 * delay, MAX_DELAY)
            if number == ATTEMPTS or not waits():
                raise
            if time.monotonic() + pause >= until:
                raise TimeoutError from None
            time.sleep(pause)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        wanted = dict(urllib.parse.parse_qsl(url.query))
        codes = [wanted.get(name, "").upper() for name in ("from", "to")]
        if url.path != "/api/flights/routes":
            self.answer(404, "there is nothing here")
        elif not all(len(code) == 3 and code.isascii() and code.isalpha() for code in codes):
            self.answer(400, "from and to are codes of three letters")
        else:
            try:
                self.answer(200, find(SQL % tuple(codes), self.waits))
            except TimeoutError:
                self.answer(504, "the database took too long")
            except (OSError, RuntimeError):
                self.answer(500, "the database failed")

    def waits(self):
        """Whether the user has not hung up."""
        try:
            return self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server((os.environ["BIND"], int(os.environ["PORT"])), Handler).serve_forever()
