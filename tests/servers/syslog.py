"""A syslog receiver on loopback until standard input closes: syslog.py PORT FOLDER tls|tcp|udp

By tls (RFC 5425) and tcp (RFC 6587) messages are counted; by udp each datagram is one. FOLDER gets each message that is one of
RFC 5424 as N.json, and what is wrong with any other as N.json with `wrong`; by tls also ca.pem. A connection that says what is
no message is reset; one that is closed by its sender is closed.
"""

import json
import os
import pathlib
import re
import socket
import socketserver
import ssl
import struct
import sys
import threading

from certificates import certify

port, folder, mode = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
lock = threading.Lock()
count = 0

NAME = r'[!#-<>-\\^-~]{1,32}'  # visible ASCII without = ] "
VALUE = r'(?:[^"\\\]]|\\["\\\]])*'
HEADER = re.compile(
    r"<(\d{1,3})>1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) "
    r"([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
)
ELEMENT = re.compile(rf'\[({NAME})((?: {NAME}="{VALUE}")*)\]', re.DOTALL)
PARAMETER = re.compile(rf' ({NAME})="({VALUE})"', re.DOTALL)


def parsed(raw):
    text = raw.decode()
    header = HEADER.match(text)
    if not header:
        raise ValueError(f"no header: {text[:80]!r}")
    priority, time, host, app, process, kind = header.groups()
    if int(priority) > 191:
        raise ValueError(f"priority {priority}")
    at, data = header.end(), {}
    if text[at : at + 1] == "-":
        at += 1
    while element := ELEMENT.match(text, at):
        name, parameters = element.groups()
        if name in data or "@" not in name:
            raise ValueError(f"structured data {name!r}")
        pairs = [(key, re.sub(r'\\(["\\\]])', r"\1", value)) for key, value in PARAMETER.findall(parameters)]
        data[name], at = dict(pairs), element.end()
    rest = text[at:]
    if rest and not rest.startswith(" \ufeff"):
        raise ValueError(f"no message in UTF-8 after the structured data: {rest[:80]!r}")
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("a control character")
    return {"priority": int(priority), "time": time, "host": host, "app": app, "process": process, "kind": kind,
            "data": data, "text": rest[2:], "bytes": len(raw)}


def keep(message):
    global count
    with lock:
        # Whoever looks sees all of it or nothing.
        (folder / "new").write_text(json.dumps(message))
        (folder / "new").rename(folder / f"{count}.json")
        count += 1


def take(raw):
    try:
        keep(parsed(raw))
        return True
    except ValueError as wrong:
        keep({"wrong": str(wrong)})
        return False


class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        while length := self.counted():
            raw = self.rfile.read(length)
            if len(raw) != length or not take(raw):
                self.reset()
                return

    def counted(self):
        digits = b""
        while (byte := self.rfile.read(1)) not in (b" ", b""):
            digits += byte
        if not digits:
            return 0
        if not re.fullmatch(rb"[1-9][0-9]{0,4}", digits):
            keep({"wrong": f"no length: {digits[:40]!r}"})
            self.reset()
            return 0
        return int(digits)

    def reset(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        take(self.request[0])


class Streams(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def get_request(self):
        connection, address = super().get_request()
        return (tls.wrap_socket(connection, server_side=True) if mode == "tls" else connection), address


tls = certify(folder) if mode == "tls" else None
if mode == "udp":
    server = socketserver.UDPServer(("127.0.0.1", port), Datagram)
    # What starts this waits for a port that listens.
    threading.Thread(target=socketserver.TCPServer(("127.0.0.1", port), Stream).serve_forever, daemon=True).start()
else:
    server = Streams(("127.0.0.1", port), Stream)
threading.Thread(target=server.serve_forever, daemon=True).start()
while os.read(0, 1024):
    pass
os._exit(0)
