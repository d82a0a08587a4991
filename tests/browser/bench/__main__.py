"""What `tests/bench-board` measures, as a table."""

import asyncio
import gzip
import os
import pathlib
import shutil
import sys
import tempfile
import time

from chromium import painted
from viewers import watched
from worker import Worker, event, median

PAGES = ["/", "/?most=500", "/?priority=P0", "/?match=namespace%3Dteam-7", "/?state=all", "/approvals", "/contained", "/silences",
         "/rules", "/stream", "/digest", "/why", "/incident?of=event-7-1", "/event?of=event-7-1", "/silences/new",
         "/board/board.css", "/board/board.js", "/board/idiomorph.js"]
SECONDS = int(os.environ.get("SECONDS_EACH", "20"))
REPEATS = 3


def line(what, says):
    """A line of the table, at once."""
    print(f"{what:58} {says}", flush=True)


def pages(worker, incidents):
    """Each page, made anew after something has happened: of three times the median."""
    line("page", "work ms   first byte ms   all ms   gzip KiB   plain KiB")
    for page in PAGES:
        works, firsts, alls = [], [], []
        for _ in range(REPEATS):
            incidents += 1
            worker.posted([event(incidents)])
            while worker.counted("watchfire_queue_depth"):
                time.sleep(0.02)
            time.sleep(0.5)
            worked = worker.cpu()
            answer, body, first, all_of_it = worker.asked(page, {"accept-encoding": "gzip"})
            assert answer.status == 200, (page, answer.status, body)
            works.append((worker.cpu() - worked) * 1000)
            firsts.append(first)
            alls.append(all_of_it)
        plain = gzip.decompress(body) if answer.getheader("content-encoding") == "gzip" else body
        line(page, f"{median(works):7.0f}   {median(firsts):13.1f}   {median(alls):6.1f}   {len(body) / 1024:8.1f}   "
                   f"{len(plain) / 1024:9.0f}")
    return incidents


def followed(worker, number, rate, known, first):
    """A line of what those who look on cost and see."""
    result = asyncio.run(watched(worker, number, rate, known, SECONDS, first))
    share, decided, seen, sent, late, memory = result
    lag = f"seen after {median(late):.0f} ms, at most {late[-1]:.0f} ms" if late else "nobody sees it"
    line(f"{number} look on, {rate} events a second come",
         f"{share:6.1%} of a core, {decided:.0f} decided/s, {seen:.0f} pages/s, {sent:.1f} MiB/s, {lag}, {memory:.0f} MiB")


def main():
    watchfire, (incidents, many, few, rate) = sys.argv[1], map(int, sys.argv[2:6])
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-board-"))
    worker = Worker(watchfire, folder)
    try:
        worker.posted([event(number) for number in range(incidents)])
        while worker.counted("watchfire_queue_depth"):
            time.sleep(0.2)
        line("open incidents", f"{worker.opened()}, {worker.memory():.0f} MiB")
        last = pages(worker, incidents)
        line("first contentful paint of /, median of 5", f"{painted(worker.port, folder):.0f} ms")
        for at, number in enumerate((0, 1, many)):
            followed(worker, number, 1, incidents, last + 1000 * (at + 1))
        for at, number in enumerate((0, few)):
            followed(worker, number, rate, incidents, last + 10_000_000 * (at + 1))
        line("open incidents at the end", f"{worker.opened()}, {worker.memory():.0f} MiB")
    finally:
        worker.end()
        shutil.rmtree(folder, ignore_errors=True)


main()
