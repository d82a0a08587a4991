"""Cold start, memory and batches of the Lambda's release binary, beside handler.py, in one run: a table.

    measure.py BOOTSTRAP ZIPPED_BYTES [ROUNDS]
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Seconds.
FAR = 0.02
NEXT = b"GET /2018-06-01/runtime/invocation/next"


class Server:
    """As much of HTTP/1.1 as both clients speak: requests with a length, over kept connections."""

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def serve(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = 0
                for line in head.split(b"\r\n"):
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                body = await reader.readexactly(length) if length else b""
                status, headers, answer = await self.answer(head, body)
                lines = [f"HTTP/1.1 {status}", f"content-length: {len(answer)}", *headers]
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # Whoever is measured was ended, or all is measured.
        finally:
            writer.close()


class PagerDuty(Server):
    """Takes everything, at once or as late as one that is far away."""

    after, first = 0, None

    async def answer(self, _head, _body):
        self.first = self.first or time.perf_counter()
        if self.after:
            await asyncio.sleep(self.after)
        return "202 Accepted", ["content-type: application/json"], b'{"status":"success","dedup_key":"k"}'


class RuntimeApi(Server):
    """Hands out invocations, and takes their answers."""

    def __init__(self):
        self.waiting, self.answers, self.asked = asyncio.Queue(), asyncio.Queue(), asyncio.Queue()

    async def answer(self, head, body):
        if head.startswith(NEXT):
            self.asked.put_nowait(time.perf_counter())
            payload = await self.waiting.get()
            end = int(time.time() * 1000) + 300_000
            return "200 OK", ["content-type: application/json", "lambda-runtime-aws-request-id: r1",
                              "lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:1:function:f",
                              f"lambda-runtime-deadline-ms: {end}"], payload
        self.answers.put_nowait((head, body))
        return "202 Accepted", [], b""

    async def invoke(self, payload):
        started = time.perf_counter()
        self.waiting.put_nowait(payload)
        head, body = await asyncio.wait_for(self.answers.get(), 300)
        took = time.perf_counter() - started
        assert b"/response" in head, body
        assert not json.loads(body)["batchItemFailures"], body[:300]
        return took


def batch(start, count):
    """Findings in different pods, fifteen an account: more would be a storm to one, and a thousand pages to the other."""
    event = json.loads((HERE / "finding.json").read_text())
    records = []
    for number in range(start, start + count):
        account = f"{100_000_000_000 + number // 15}"
        event["id"], event["account"] = f"00000000-0000-4000-8000-{number:012}", account
        detail = event["detail"]
        detail["id"], detail["accountId"] = f"{number:032x}", account
        detail["arn"] = f"arn:aws:guardduty:us-east-1:{account}:detector/d1/finding/{number:032x}"
        detail["resource"]["kubernetesDetails"]["kubernetesWorkloadDetails"]["name"] = f"cart-{number}"
        records.append({"messageId": f"m{number}", "receiptHandle": "r", "body": json.dumps(event),
                        "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {}, "md5OfBody": "",
                        "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:alerts",
                        "awsRegion": "us-east-1"})
    return json.dumps({"Records": records}).encode()


def memory_mib(process, what):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split(f"{what}:")[1].split()[0]) / 1024


def cpu_seconds(process):
    used = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


# Seconds until PagerDuty answers, records of a batch, batches.
BATCHES = [(0, 10, 20), (0, 1_000, 3), (FAR, 10, 5), (FAR, 1_000, 1)]


async def measure(command, environment, folder, pagerduty, rounds):
    inits, firsts, rates, number = [], [], [], 0
    for round in range(rounds):
        api = await RuntimeApi().start()
        pagerduty.first, pagerduty.after = None, 0
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.port}"},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            inits.append(await asyncio.wait_for(api.asked.get(), 60) - started)
            await api.invoke(batch(number, 1))
            firsts.append(pagerduty.first - started)
            number += 15
            if round + 1 < rounds:
                continue
            cpu, events = cpu_seconds(process), 0
            for after, size, times in BATCHES:
                pagerduty.after, took = after, []
                for _ in range(times):
                    took.append(size / await api.invoke(batch(number, size)))
                    number += size + 15
                events += size * times
                rates.append(statistics.median(took))
            cpu = (cpu_seconds(process) - cpu) / events
            peak, own = memory_mib(process, "VmHWM"), memory_mib(process, "RssAnon")
        finally:
            process.kill()
            process.wait()
    median = statistics.median
    return [f"{median(inits) * 1000:.0f} ms", f"{median(firsts) * 1000:.0f} ms", f"{peak:.0f} MiB", f"{own:.0f} MiB",
            f"{cpu * 1000:.2f} ms", *(f"{rate:.0f}" for rate in rates)]


async def main():
    bootstrap, zipped = sys.argv[1], int(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    pagerduty = await PagerDuty().start()
    url = f"http://127.0.0.1:{pagerduty.port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATCHFIRE_"))}
    environment |= {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
                    "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true", "PD_KEY": "k" * 32,
                    "PD_URL": f"{url}/v2/enqueue", "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "1",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "WATCHFIRE_LAMBDA_FILE_STORE": "1", "RUST_LOG": "error"}
    configuration = {
        "channels": {"oncall": {"pagerduty": {"routing_key": {"env": "PD_KEY"}, "url": url,
                                              "events_per_minute": 1_000_000}}},
        "routes": {name: {"to": ["oncall"]} for name in ("P0", "P1", "P2", "P3")},
    }
    rows = []
    with tempfile.TemporaryDirectory(dir=Path(bootstrap).parent) as folder:
        configuration["store"] = {"path": f"{folder}/watchfire.redb"}
        (Path(folder) / "watchfire.yaml").write_text(json.dumps(configuration))
        rows.append(["Watchfire", f"{zipped / 1e6:.1f} MB",
                     *await measure([bootstrap], environment, folder, pagerduty, rounds)])
        rows.append(["Python", "-", *await measure([sys.executable, str(HERE / "handler.py")], environment, folder,
                                                    pagerduty, rounds)])
    near = [f"events/s, batches of {size:,}, PagerDuty answers {'at once' if after == 0 else f'after {after * 1000:.0f} ms'}"
            for after, size, _ in BATCHES]
    heads = ["", "zip", "init", "first page", "peak memory", "of it its own", "CPU an event", *near]
    for number, line in enumerate(zip(heads, *rows, strict=True)):
        print("| " + " | ".join(line) + " |" + ("\n|---|---|---|" if number == 0 else ""))


asyncio.run(main())
