"""ECR with image scans, and IAM, on loopback until standard input closes, so that it never outlives its test."""

import os
import sys
import threading


def end_with_parent():
    while os.read(0, 1024):
        pass
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()

import calls  # noqa: E402
from moto import server  # noqa: E402

create = server.create_backend_app


def noted(service):
    """The service's application, which writes down who calls what: by its target or its form."""
    app = create(service)

    @app.before_request
    def note():
        from flask import request

        headers = {name.lower(): value for name, value in request.headers.items()}
        target = headers.get("x-amz-target", "").rpartition(".")[2] or request.form.get("Action")
        if target:
            calls.note(f"{service}:{target}", headers, b"")

    return app


server.create_backend_app = noted
server.main(["-H", "127.0.0.1", "-p", sys.argv[1]])
