"""TLS in front of a server on loopback until standard input closes, as a load balancer does it: tls.py PORT FOLDER TARGET

What comes over TLS to PORT goes in clear to port TARGET of 127.0.0.1, and back. FOLDER gets ca.pem.
"""

import os
import pathlib
import socket
import socketserver
import sys
import threading

from certificates import certify

port, folder, target = int(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
tls = certify(folder)


def pour(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            outside = tls.wrap_socket(self.request, server_side=True)
        except OSError:
            return
        with outside, socket.create_connection(("127.0.0.1", target)) as inside:
            back = threading.Thread(target=pour, args=(inside, outside), daemon=True)
            back.start()
            pour(outside, inside)
            back.join()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


server = Server(("127.0.0.1", port), Connection)
threading.Thread(target=server.serve_forever, daemon=True).start()
while os.read(0, 1024):
    pass
os._exit(0)
