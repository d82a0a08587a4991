"""A worker that is measured, and the events that it gets."""

import http.client
import json
import os
import pathlib
import re
import subprocess
import time

TOKEN = "token-of-the-bench-0123456789"
# Of ten incidents one is a P0, three are P1 and six P2.
TYPES = [("CryptoCurrency:Runtime/BitcoinTool.B", 8)] + [("UnauthorizedAccess:Runtime/TorClient", 8)] * 3 \
    + [("Execution:Runtime/SuspiciousCommand", 5)] * 6


def median(values):
    """The one in the middle."""
    return sorted(values)[len(values) // 2]


class Worker:
    """A worker on free ports."""

    def __init__(self, watchfire, folder):
        (folder / "token").write_text(TOKEN)
        (folder / "watchfire.yaml").write_text(json.dumps({
            "http": {"listen": "127.0.0.1:0", "operator_token": {"file": str(folder / "token")}, "connections": 4000},
            "health": {"listen": "127.0.0.1:0"},
            "store": {"path": str(folder / "store.redb")},
            "channels": {"screen": {"console": {}}},
            "routes": {priority: {"to": ["screen"]} for priority in ("P0", "P1", "P2")},
        }))
        log = open(folder / "log", "w")
        command = [watchfire, "run", "--config", str(folder / "watchfire.yaml"), "--log", "json"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log,
                                        env={**os.environ, "RUST_LOG": "info"})
        self.port, self.health = self.ports(folder / "log")

    def ports(self, log):
        """Where it listens: for everybody, and for health."""
        while True:
            found = [re.search(rf'"{name}":"127.0.0.1:(\d+)"', log.read_text()) for name in ("http", "health")]
            if all(found):
                return [int(port.group(1)) for port in found]
            assert self.process.poll() is None, log.read_text()
            time.sleep(0.05)

    def asked(self, path, headers=None, port=None):
        """An answer: its status, its headers, its bytes as sent; milliseconds to the first of them and to all."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=120)
        connection.connect()
        begun = time.perf_counter()
        connection.request("GET", path, headers={"authorization": f"Bearer {TOKEN}", **(headers or {})})
        answer = connection.getresponse()
        first = (time.perf_counter() - begun) * 1000
        body = answer.read()
        return answer, body, first, (time.perf_counter() - begun) * 1000

    def posted(self, events):
        """Hands events over, a thousand at a time."""
        for at in range(0, len(events), 1000):
            body = "\n".join(json.dumps(event) for event in events[at:at + 1000])
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            connection.request("POST", "/v1/events", body, {"content-type": "application/x-ndjson"})
            answer = connection.getresponse()
            assert answer.status == 202, (answer.status, answer.read())
            connection.close()

    def opened(self):
        """How many incidents are open."""
        return sum(json.loads(self.asked("/v1/incidents?most=0")[1])["by_priority"].values())

    def counted(self, metric):
        """What a metric comes to, all labels together."""
        lines = self.asked("/metrics", port=self.health)[1].decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((metric + "{", metric + " ")))

    def cpu(self):
        """Seconds of work so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """What it has in memory, in MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024

    def end(self):
        """Ends it."""
        self.process.terminate()
        self.process.wait()


def event(number, name=None, times=1):
    """A finding about a pod of its own, or about that one; the so-manieth report of it."""
    kind, severity = TYPES[0] if name else TYPES[number % len(TYPES)]
    name = name or f"app-{number}"
    return {
        "version": "0", "id": f"event-{number}-{times}", "detail-type": "GuardDuty Finding", "source": "aws.guardduty",
        "account": "111122223333", "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": "us-gov-west-1", "resources": [],
        "detail": {
            "schemaVersion": "2.0", "accountId": "111122223333", "region": "us-gov-west-1", "id": f"finding-{number}",
            "arn": f"arn:aws-us-gov:guardduty:us-gov-west-1:111122223333:detector/d/finding/finding-{number}",
            "type": kind, "severity": severity, "title": f"The container {name} does what it never did.",
            "description": "It is not in its image.",
            "resource": {
                "resourceType": "EKSCluster", "eksClusterDetails": {"name": "prod"},
                "kubernetesDetails": {"kubernetesWorkloadDetails": {
                    "name": name, "type": "pods", "namespace": f"team-{number % 50}"}},
            },
            "service": {"archived": False, "count": times},
        },
    }
