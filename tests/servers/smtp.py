"""A mail server on loopback until standard input closes: smtp.py PORT FOLDER starttls|wrapper|plain

FOLDER gets ca.pem, the authority of the server's certificate, and each mail that was taken as N.json,
before the sender is told. With starttls nothing goes without TLS and the login `pager`, `correct horse`.
A recipient named `gone` is refused with 550, `busy` with 451, `later` with 451 the first time.
"""

import email
import email.policy
import json
import os
import pathlib
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from certificates import certify

port, folder, mode = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]


class Pages:
    def __init__(self):
        self.taken = 0
        self.put_off = set()

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        name = address.split("@")[0]
        if name == "gone":
            return "550 5.1.1 no such mailbox"
        if name == "busy" or (name == "later" and address not in self.put_off):
            self.put_off.add(address)
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
        taken = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": mode == "wrapper" or session.ssl is not None,
            "login": session.auth_data.login.decode() if session.auth_data else None,
            "headers": {name: str(value) for name, value in mail.items()},
            "plain": part["plain"].get_content() if part["plain"] else None,
            "html": part["html"].get_content() if part["html"] else None,
        }
        (folder / f"{self.taken}.json").write_text(json.dumps(taken))
        self.taken += 1
        return f"250 2.0.0 taken as {self.taken}"


def login(server, session, envelope, mechanism, data):
    success = (data.login, data.password) == (b"pager", b"correct horse")
    # Not handled: the server says 535 by itself.
    return AuthResult(success=success, handled=False, auth_data=data)


tls = certify(folder)
options = {
    "starttls": {"tls_context": tls, "require_starttls": True, "authenticator": login, "auth_required": True},
    "wrapper": {"ssl_context": tls},
    "plain": {},
}
Controller(Pages(), hostname="127.0.0.1", port=port, **options[mode]).start()
while os.read(0, 1024):
    pass
os._exit(0)
