"""What a run of the storm starts: Watchfire, Alertmanager, and programs of ours that print lines of JSON."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

PACKAGE = "prometheus-alertmanager"

ALERTMANAGER = """\
route:
  receiver: hook
  group_by: [alertname, account, cluster]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 4h
  routes:
  # Each P0 alone and at once.
  - matchers: ['priority="P0"']
    receiver: hook
    group_by: ['...']
    group_wait: 0s
  # As Watchfire's P3, which goes to a digest that this run has no address for.
  - matchers: ['priority="P3"']
    receiver: nobody
receivers:
- name: nobody
- name: hook
  webhook_configs:
  - url: '%s'
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(what, seconds, ask):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := ask():
            return answer
        time.sleep(0.05)
    raise SystemExit(f"bench-storm: not within {seconds} s: {what}")


def answers(url):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


class Lines:
    """A program of ours that prints lines of JSON and ends with its standard input."""

    def __init__(self, name, folder, *arguments):
        self.path = folder / f"{name}.jsonl"
        self.file = self.path.open("w")
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=self.file)

    def lines(self):
        text = self.path.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def first(self, key):
        """Its first line with that key, if there is one yet; a program that failed ends the run."""
        found = next((line for line in self.lines() if key in line), None)
        if found is None and self.process.poll():
            raise SystemExit(f"bench-storm: {self.path.stem} failed, see above")
        return found

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.file.close()


class Program:
    """Watchfire or Alertmanager: started, killed and started again on the same data."""

    def __init__(self, folder):
        self.folder, self.process, self.peak = folder, None, 0
        self.starts = []

    def start(self):
        began = time.monotonic()
        with (self.folder / f"{self.name}.log").open("a") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(f"{self.name} is ready (see {log.name})", 120, self.is_ready)
        self.starts.append(time.monotonic() - began)

    def is_ready(self):
        if self.process.poll() is not None:
            raise SystemExit(f"bench-storm: {self.name} ended at once, see {self.folder}")
        return answers(self.ready)

    def environment(self):
        return dict(os.environ)

    def measure(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        self.peak = max(self.peak, int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M).group(1)))

    def kill(self):
        self.measure()
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """Ends it as an operator would; what it holds back after a minute, it keeps."""
        self.measure()
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Watchfire(Program):
    name = "watchfire"

    def __init__(self, folder, binaries, receiver):
        super().__init__(folder)
        self.binary = binaries / "watchfire"
        self.url, self.health = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.ready = f"{self.health}/readyz"
        self.store = folder / "data" / "watchfire.redb"
        channel = {"routing_key": {"env": "PD_KEY"}, "url": receiver["pagerduty"], "payload": "standard"}
        oncall = {"to": ["oncall"]}
        configuration = {
            "http": {"listen": self.url.removeprefix("http://")},
            "health": {"listen": self.health.removeprefix("http://")},
            "store": {"path": str(self.store)},
            "channels": {"oncall": {"pagerduty": channel}},
            "routes": {"P0": oncall, "P1": oncall, "P2": oncall, "P3": {"to": []}},
        }
        # JSON is YAML.
        (folder / "watchfire.yaml").write_text(json.dumps(configuration, indent=1))

    def command(self):
        return [self.binary, "run", "--config", "watchfire.yaml", "--log", "json"]

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RUST_LOG"))}
        made_up = {"AWS_REGION": "us-gov-west-1", "AWS_EC2_METADATA_DISABLED": "true", "RUST_LOG": "warn"}
        return kept | made_up | {"PD_KEY": "r0ut1ngk3yr0ut1ngk3yr0ut1ngk3y00"}


class Alertmanager(Program):
    name = "alertmanager"

    def __init__(self, folder, unpacked, receiver):
        super().__init__(folder)
        self.unpacked = unpacked
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.ready = f"{self.url}/-/ready"
        self.arguments = [
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]
        (folder / "alertmanager.yml").write_text(ALERTMANAGER % receiver["webhook"])

    def command(self):
        # Each ends in an `exec`, so that the process that is measured and killed is Alertmanager itself.
        return in_namespace(self.unpacked) + [self.unpacked / "usr/bin" / PACKAGE, *self.arguments]


def in_namespace(unpacked):
    """How to run a program that finds Debian's templates where it looks for them."""
    if pathlib.Path("/usr/share/prometheus/alertmanager/default.tmpl").exists():
        return []
    mount = 'mount --bind "$1" /usr/share && shift && exec "$@"'
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh", unpacked / "usr/share"]


def fetch(unpacked):
    """Debian's Alertmanager, unpacked into that folder."""
    binary = unpacked / "usr/bin" / PACKAGE
    if not binary.exists():
        for tool in ("apt-get", "dpkg-deb"):
            if not shutil.which(tool):
                raise SystemExit(f"bench-storm: Alertmanager comes from Debian, and there is no {tool}; --only watchfire")
        folder = unpacked / "package"
        folder.mkdir(parents=True, exist_ok=True)
        if subprocess.run(["apt-get", "download", "-qq", PACKAGE], cwd=folder).returncode:
            raise SystemExit(
                f"bench-storm: apt-get knows no {PACKAGE}: run `apt-get update` as root once; or --only watchfire"
            )
        (package,) = folder.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
    if subprocess.run([*in_namespace(unpacked), binary, "--version"], capture_output=True).returncode:
        raise SystemExit(
            "bench-storm: no mount namespace can be made here; as root:\n"
            f"  mkdir -p /usr/share/prometheus && cp -r {unpacked}/usr/share/prometheus/alertmanager /usr/share/prometheus/"
        )
