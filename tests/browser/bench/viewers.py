"""Those who look on: what the board's script does in a browser, without the browser."""

import asyncio
import gzip
import multiprocessing
import re
import time
import urllib.parse

from worker import TOKEN, event

# No more sessions are kept of one token: twenty tabs each are a thousand who look on.
SESSIONS = 50
# So many of them read what they are sent, to see how late it is.
READERS = 10


class Viewers:
    """So many who follow the first page, each by a name of their own."""

    def __init__(self, worker, number):
        self.worker, self.number = worker, number
        self.pages, self.bytes, self.late, self.tasks = 0, 0, [], []

    async def come(self):
        """Has all of them look on; each has seen the page once then."""
        cookies = [await self.signed_in() for _ in range(min(SESSIONS, self.number))]
        for at in range(self.number):
            cookie = f"{cookies[at % len(cookies)]}; watchfire-name=viewer-{at}"
            self.tasks.append(asyncio.create_task(self.look_on(cookie, at < READERS)))
        while self.pages < self.number:
            await asyncio.sleep(0.05)
            ended = [task for task in self.tasks if task.done()]
            assert not ended, ended[0]
        self.pages, self.bytes, self.late = 0, 0, []

    async def signed_in(self):
        """A session's cookie."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.worker.port)
        form = urllib.parse.urlencode({"token": TOKEN, "name": "viewer", "to": "/"})
        writer.write(f"POST /login HTTP/1.1\r\nhost: 127.0.0.1:{self.worker.port}\r\nconnection: close\r\n"
                     f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(form)}\r\n\r\n{form}".encode())
        answer = (await reader.read()).decode()
        writer.close()
        return re.search(r"(?im)^set-cookie: (watchfire=[^;]+)", answer).group(1)

    async def look_on(self, cookie, reads):
        """Listens, and fetches the page when told to."""
        port, seen, tag = self.worker.port, set(), ""
        head = f"host: 127.0.0.1:{port}\r\ncookie: {cookie}\r\naccept-encoding: gzip\r\n"
        listening, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /board/live HTTP/1.1\r\n{head}\r\n".encode())
        reader, asking = await asyncio.open_connection("127.0.0.1", port)
        while line := await listening.readline():
            if not line.startswith(b"data:"):
                continue
            asking.write(f"GET / HTTP/1.1\r\n{head}watchfire-part: main\r\nif-none-match: {tag}\r\n\r\n".encode())
            answer = (await reader.readuntil(b"\r\n\r\n")).decode()
            status, tagged = int(answer.split(" ", 2)[1]), re.search(r"(?im)^etag: (.+?)\r", answer)
            tag = tagged.group(1) if tagged else ""
            assert status in (200, 304), answer
            length = re.search(r"(?im)^content-length: (\d+)", answer)
            body = await reader.readexactly(int(length.group(1))) if status == 200 else b""
            self.pages, self.bytes = self.pages + 1, self.bytes + len(body)
            if reads and body:
                now = time.monotonic()
                for sent in set(re.findall(rb"sent-(\d+)", gzip.decompress(body))) - seen:
                    self.late.append(now * 1000 - int(sent))
                    seen.add(sent)

    async def go(self):
        """Has all of them leave."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def send(worker, first, rate, known, seconds):
    """Sends so many events a second, ten times a second: most are more of what is known, one in a hundred is new; and once a
    second one that says when it was sent."""
    begun, number = time.monotonic(), first
    for at in range(seconds * 10):
        time.sleep(max(0, begun + at / 10 - time.monotonic()))
        events = []
        for _ in range(rate // 10):
            is_new = number % 100 == 0 or not known
            events.append(event(number) if is_new else event(number % known, times=number))
            number += 1
        if at % 10 == 5:
            number += 1
            events.append(event(number, name=f"sent-{time.monotonic() * 1000:.0f}"))
        worker.posted(events)


async def watched(worker, number, rate, known, seconds, first):
    """What so many who look on cost while so many events a second come, or one. The worker's share of a core, events decided a
    second, pages and MiB that were sent a second, how late what happened was seen, in milliseconds, and MiB in memory."""
    viewers = Viewers(worker, number)
    await viewers.come()
    await asyncio.sleep(2)
    viewers.pages, viewers.bytes, viewers.late = 0, 0, []
    begun, worked, decided = time.monotonic(), worker.cpu(), worker.counted("watchfire_decisions_total")
    if rate > 1:
        arguments = (worker, first, rate, known, seconds)
        sending = multiprocessing.get_context("fork").Process(target=send, args=arguments)
        sending.start()
        await asyncio.to_thread(sending.join)
    else:
        for at in range(seconds):
            await asyncio.sleep(max(0, begun + at - time.monotonic()))
            await asyncio.to_thread(worker.posted, [event(first + at, name=f"sent-{time.monotonic() * 1000:.0f}")])
        await asyncio.sleep(1)
    took, memory = time.monotonic() - begun, worker.memory()
    share, pages, sent = (worker.cpu() - worked) / took, viewers.pages / took, viewers.bytes / took / 2**20
    decided = (await asyncio.to_thread(worker.counted, "watchfire_decisions_total") - decided) / took
    late = sorted(viewers.late)
    await viewers.go()
    return share, decided, pages, sent, late, memory
