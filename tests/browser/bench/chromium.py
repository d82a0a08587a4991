"""What `tests/bench-board` measures: a worker with many open incidents, a browser, and viewers who follow it."""

import asyncio
import fcntl
import gzip
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

TOKEN = "token-of-the-bench-0123456789"
WATCHFIRE, INCIDENTS, VIEWERS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-board-"))


def started():
    """A worker on free ports: the process and its port."""
    (folder / "token").write_text(TOKEN)
    (folder / "watchfire.yaml").write_text(json.dumps({
        "http": {"listen": "127.0.0.1:0", "operator_token": {"file": str(folder / "token")}, "connections": 4000},
        "health": {"listen": "127.0.0.1:0"},
        "store": {"path": str(folder / "store.redb")},
        "channels": {"screen": {"console": {}}},
        "routes": {priority: {"to": ["screen"]} for priority in ("P0", "P1", "P2")},
    }))
    log = open(folder / "log", "w")
    process = subprocess.Popen([WATCHFIRE, "run", "--config", str(folder / "watchfire.yaml"), "--log", "json"],
                               stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, "RUST_LOG": "info"})
    while True:
        found = re.search(r'"http":"127.0.0.1:(\d+)"', (folder / "log").read_text())
        if found:
            return process, int(found.group(1))
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.05)


def event(number):
    """A finding about a pod of its own."""
    finding = f"finding-{number}"
    return {
        "version": "0", "id": f"event-{number}", "detail-type": "GuardDuty Finding", "source": "aws.guardduty",
        "account": "111122223333", "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": "us-gov-west-1", "resources": [],
        "detail": {
            "schemaVersion": "2.0", "accountId": "111122223333", "region": "us-gov-west-1", "id": finding,
            "arn": f"arn:aws-us-gov:guardduty:us-gov-west-1:111122223333:detector/d/finding/{finding}",
            "type": "CryptoCurrency:Runtime/BitcoinTool.B", "severity": 8,
            "title": f"The container app-{number} is communicating with a mining pool.", "description": "A miner.",
            "resource": {
                "resourceType": "EKSCluster", "eksClusterDetails": {"name": "prod"},
                "kubernetesDetails": {"kubernetesWorkloadDetails": {
                    "name": f"app-{number}", "type": "pods", "namespace": f"team-{number % 50}"}},
            },
            "service": {"archived": False, "count": 1},
        },
    }


def posted(port, numbers):
    """Hands events over, a thousand at a time."""
    for at in range(0, len(numbers), 1000):
        body = "\n".join(json.dumps(event(number)) for number in numbers[at:at + 1000])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        connection.request("POST", "/v1/events", body, {"content-type": "application/x-ndjson"})
        answer = connection.getresponse()
        assert answer.status == 202, (answer.status, answer.read())
        connection.close()


def asked(port, path, headers=None):
    """A page: its status, its bytes as sent, and how long that took, in milliseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    begun = time.perf_counter()
    connection.request("GET", path, headers={"authorization": f"Bearer {TOKEN}", **(headers or {})})
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, body, (time.perf_counter() - begun) * 1000


def opened(port):
    """How many incidents are open."""
    return sum(json.loads(asked(port, "/v1/incidents?most=0")[1])["by_priority"].values())


def median(values):
    """The one in the middle."""
    return sorted(values)[len(values) // 2]


class Browser:
    """Chromium by its own protocol over two pipes."""

    def __init__(self):
        (ours, theirs), (back, answers) = os.pipe(), os.pipe()
        self.number, self.rest, self.write, self.read = 0, b"", theirs, back
        ours, answers = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (ours, answers))
        arguments = ["--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
                     f"--user-data-dir={folder}/profile", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
        script = f'exec chromium "$@" 3<&{ours} 4>&{answers}'
        self.process = subprocess.Popen(["bash", "-c", script, "chromium", *arguments], pass_fds=(ours, answers),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def ask(self, method, **parameters):
        """A command, and its answer."""
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters}
        if hasattr(self, "session"):
            command["sessionId"] = self.session
        os.write(self.write, json.dumps(command).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                self.rest += os.read(self.read, 1 << 16)
            said, self.rest = self.rest.split(b"\0", 1)
            said = json.loads(said)
            if said.get("id") == self.number:
                return said["result"]

    def value(self, expression):
        """What an expression comes to; none while the page goes."""
        said = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return said.get("result", {}).get("value")

    def wait(self, expression):
        """Until it is true."""
        while not self.value(f"!!({expression})"):
            time.sleep(0.02)


def painted(port):
    """First contentful paint of the first page, in milliseconds: five times, the median."""
    browser, url = Browser(), f"http://127.0.0.1:{port}"
    browser.ask("Page.navigate", url=f"{url}/login")
    browser.wait("document.querySelector('#token')")
    browser.value(f"document.querySelector('#token').value = '{TOKEN}'; document.querySelector('form').requestSubmit()")
    browser.wait("document.querySelector('.cards')")
    paints = []
    for _ in range(5):
        browser.ask("Page.navigate", url=f"{url}/why")
        browser.wait("document.querySelector('#of') && document.readyState === 'complete'")
        browser.ask("Page.navigate", url=f"{url}/")
        paint = "performance.getEntriesByName('first-contentful-paint')[0]"
        browser.wait(f"document.querySelector('.cards') && {paint}")
        paints.append(browser.value(f"{paint}.startTime"))
    browser.process.kill()
    return median(paints)


def cpu(process):
    """Seconds of work, by the process so far."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def viewer(port, heard):
    """A browser's script: listens, and fetches its page when told to."""
    head = f"host: 127.0.0.1:{port}\r\nauthorization: Bearer {TOKEN}\r\naccept-encoding: gzip\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /board/live HTTP/1.1\r\n{head}\r\n".encode())
    tag, fetch = "", await asyncio.open_connection("127.0.0.1", port)
    while True:
        line = await reader.readline()
        if not line.startswith(b"data:"):
            continue
        none = f"if-none-match: {tag}\r\n" if tag else ""
        fetch[1].write(f"GET / HTTP/1.1\r\n{head}watchfire-part: main\r\n{none}\r\n".encode())
        length = 0
        while (line := await fetch[0].readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            length = int(value) if name.lower() == "content-length" else length
            tag = value.strip() if name.lower() == "etag" else tag
        await fetch[0].readexactly(length)
        heard.append(time.perf_counter())


async def followed(process, port, number, seconds):
    """The share of a core that the worker takes while one event a second comes, with so many viewers."""
    heard = []
    tasks = [asyncio.create_task(viewer(port, heard)) for _ in range(number)]
    while len(heard) < number:
        await asyncio.sleep(0.05)
    begun, worked = time.perf_counter(), cpu(process)
    heard.clear()
    for at in range(seconds):
        await asyncio.to_thread(posted, port, [1_000_000 + number * 1000 + at])
        await asyncio.sleep(max(0, begun + at + 1 - time.perf_counter()))
    share = (cpu(process) - worked) / (time.perf_counter() - begun)
    for task in tasks:
        task.cancel()
    return share, len(heard)


def main():
    process, port = started()
    try:
        posted(port, list(range(INCIDENTS)))
        while opened(port) < INCIDENTS:
            time.sleep(0.2)
        fresh, worked = [], []
        for at in range(5):
            posted(port, [2_000_000 + at])
            while opened(port) < INCIDENTS + at + 1:
                time.sleep(0.02)
            time.sleep(1)
            before = cpu(process)
            status, body, took = asked(port, "/", {"accept-encoding": "gzip"})
            assert status == 200, body
            fresh.append(took)
            worked.append((cpu(process) - before) * 1000)
        kept = [asked(port, "/", {"accept-encoding": "gzip"})[2] for _ in range(20)]
        print(f"{'open incidents':44} {opened(port):>8}")
        print(f"{'first page, made anew, median of 5':44} {median(fresh):>6.0f} ms")
        print(f"{'of it work, of all threads':44} {median(worked):>6.0f} ms")
        print(f"{'the same while nothing has changed':44} {median(kept):>6.1f} ms")
        print(f"{'compressed':44} {len(body) / 1024:>5.1f} KiB, {len(gzip.decompress(body)) / 1024:.0f} KiB plain")
        print(f"{'first contentful paint, median of 5':44} {painted(port):>6.0f} ms")
        alone, _ = asyncio.run(followed(process, port, 1, 20))
        share, heard = asyncio.run(followed(process, port, VIEWERS, 20))
        print(f"{'one viewer, an event a second':44} {alone:>7.1%} of a core")
        print(f"{f'{VIEWERS} viewers, an event a second':44} {share:>7.1%} of a core, {heard} pages in 20 s")
    finally:
        process.terminate()
        process.wait()


main()
