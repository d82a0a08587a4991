"""ECR with image scans, and IAM, on loopback until standard input closes, so that it never outlives its test."""

import os
import sys
import threading


def end_with_parent():
    while os.read(0, 1024):
        pass
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()

from moto.server import main  # noqa: E402

main(["-H", "127.0.0.1", "-p", sys.argv[1]])
