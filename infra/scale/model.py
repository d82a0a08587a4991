#!/usr/bin/env python3
"""What 10,000 events a second from 1,000 accounts do to the queue, the Lambda and the table, and what they cost.

    infra/scale/model.py            print the page's tables
    infra/scale/model.py --write    and put them into README.md beside this file
    infra/scale/model.py --check    fail where README.md has other ones

What an event takes of the table is measured (units.json, written by a test); everything else that is assumed stands
in `Assumed`. The simulation goes second by second, with the seed below, so it prints the same everywhere.
"""

import json
import random
import sys
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from pathlib import Path

HERE = Path(__file__).parent
UNITS = json.loads((HERE / "units.json").read_text())

# What the sort key of these begins with is the time: the newest entries are neighbours, and DynamoDB splits a partition
# between keys. The others are spread by their names, and split as they get hot.
BY_TIME = {"T", "due D", "due W", "timeline A"}
# One item, or one partition, for each incident.
BY_INCIDENT = {"timeline I"}
# A handful of items that all pages write: what is spent of a limit, what a storm counts. The busiest has all of it.
SHARED = {"R#limit", "R#storm"}


@dataclass(frozen=True)
class Assumed:
    """Everything that is not measured."""

    seed: int = 12
    rate: int = 10_000
    accounts: int = 1_000
    burst: int = 600  # seconds
    # Which account, and which finding of those that it has open: the first has this much more than the second, and so on.
    skew: float = 1.0
    findings: int = 50
    mix: dict = field(
        default_factory=lambda: {
            "the same event again": 0.05,
            "the same finding again": 0.80,
            "a new incident in the digest": 0.13,
            "a new page": 0.015,
            "a new P0 page": 0.005,
        }
    )
    shards: int = 16
    # DynamoDB: a partition's writes a second, and a new on-demand table's.
    partition: int = 1_000
    table: int = 4_000
    # Commits a second about one incident: they meet, and come one after the other.
    one_incident: int = 20
    # Lambda: batches at once at first, how many more each minute, and the most; records in a batch, seconds that it takes.
    batches: int = 5
    batches_more: int = 300
    batches_most: int = 1_000
    batch: int = 10
    batch_seconds: float = 0.25
    memory_gb: float = 0.5
    # US dollars, us-east-1, by the million; GovCloud is dearer.
    dollars_write: float = 0.625
    dollars_read: float = 0.125
    dollars_queue: float = 0.40
    dollars_invocation: float = 0.20
    dollars_gb_second: float = 0.0000133334


def zipf(count, skew):
    """How much falls on each of so many, the greatest first; one altogether."""
    weights = [1 / (rank**skew) for rank in range(1, count + 1)]
    total = sum(weights)
    return [weight / total for weight in weights]


def written(assumed):
    """Write units by what is written, for the average event."""
    units = Counter()
    for event, share in assumed.mix.items():
        for family, taken in UNITS[event]["written"].items():
            units[family] += share * taken
    return units


def read(assumed):
    return sum(share * UNITS[event]["read"] for event, share in assumed.mix.items())


def ceiling(assumed, family, units):
    """Events a second at which the hottest partition of that family is full; none where it is split as it gets hot."""
    if family in SHARED:
        return assumed.partition / units
    return assumed.partition * assumed.shards / units if family in BY_TIME else None


def table_ceiling(assumed):
    return min(filter(None, (ceiling(assumed, *item) for item in written(assumed).items())))


def hottest(assumed):
    """Events a second of the incident that has most."""
    share = zipf(assumed.accounts, assumed.skew)[0] * zipf(assumed.findings, assumed.skew)[0]
    return assumed.rate * assumed.mix["the same finding again"] * share


def behind_with_one(assumed):
    """Events of the hottest incident that wait at the end of the burst, and the seconds until they are decided."""
    waiting = max(0, hottest(assumed) - assumed.one_incident) * assumed.burst
    return waiting, waiting / assumed.one_incident


@dataclass
class Run:
    """What became of a burst."""

    waited: int = 0  # the longest that an event waited, seconds
    behind: int = 0  # the most that waited at once
    batches: int = 0  # the most at once
    invocations: float = 0.0
    ended: int = 0  # the second in which the queue was empty again


def simulated(assumed, is_warm):
    """The burst, second by second: what came, what the mapping takes, what the table takes."""
    chance = random.Random(assumed.seed)
    units = sum(written(assumed).values())
    run, waiting, second = Run(), deque(), 0
    room = table_ceiling(assumed)
    batches = float(assumed.batches)
    while second < assumed.burst or waiting:
        if second < assumed.burst:
            spread = assumed.rate**0.5
            waiting.append([second, max(0, round(chance.gauss(assumed.rate, spread)))])
        # An on-demand table doubles what it has had within half an hour; a warm one has room from the first second.
        table = room if is_warm else min(room, assumed.table * 2 ** (second / 1_800) / units)
        takes = min(batches * assumed.batch / assumed.batch_seconds, table)
        behind = sum(count for _, count in waiting)
        run.batches = max(run.batches, min(batches, takes * assumed.batch_seconds / assumed.batch))
        run.behind = max(run.behind, behind)
        while waiting and takes >= 1:
            came, count = waiting[0]
            taken = min(count, takes)
            takes -= taken
            run.invocations += taken / assumed.batch
            run.waited = max(run.waited, second - came)
            if taken < count:
                waiting[0][1] = count - taken
            else:
                waiting.popleft()
        batches = min(assumed.batches_most, batches + assumed.batches_more / 60)
        second += 1
    run.ended = second
    return run


def dollars(assumed):
    """By the million events, by what they pay for."""
    per_batch = 1 / assumed.batch
    return {
        "table, writes": sum(written(assumed).values()) * assumed.dollars_write,
        "table, reads": read(assumed) * assumed.dollars_read,
        # Sent one at a time by EventBridge, received and deleted by the batch.
        "queue": (1 + 2 * per_batch) * assumed.dollars_queue,
        "Lambda": per_batch * assumed.dollars_invocation
        + per_batch * assumed.batch_seconds * assumed.memory_gb * assumed.dollars_gb_second * 1e6,
    }


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def keys_page(assumed):
    yield row("written", "units an event", f"units a second at {assumed.rate:,}", "the hottest key has", "full at events a second")
    yield row("---", "---:", "---:", "---:", "---:")
    for family, units in sorted(written(assumed).items(), key=lambda item: -item[1]):
        total = units * assumed.rate
        if family in BY_INCIDENT:
            yield row(f"`{family}#<incident>`", f"{units:.2f}", f"{total:,.0f}", f"{hottest(assumed):,.0f}", "one incident's own")
            continue
        full = ceiling(assumed, family, units)
        hot = f"{total if family in SHARED else total / assumed.shards:,.0f}"
        yield row(f"`{family}#x`", f"{units:.2f}", f"{total:,.0f}", hot, f"{full:,.0f}" if full else "splits")
    yield row("all", f"{sum(written(assumed).values()):.2f}", f"{sum(written(assumed).values()) * assumed.rate:,.0f}", "", f"**{table_ceiling(assumed):,.0f}**")


def bursts_page(assumed):
    yield row("burst of ten minutes", "longest wait", "most behind", "batches at once", "queue empty after")
    yield row("---", "---:", "---:", "---:", "---:")
    cases = [
        ("1,000 a second, new table", replace(assumed, rate=1_000), False),
        ("1,000 a second, warm table", replace(assumed, rate=1_000), True),
        (f"{assumed.rate:,} a second, new table", assumed, False),
        (f"{assumed.rate:,} a second, warm table", assumed, True),
        (f"{assumed.rate:,} a second, warm table, 64 partitions of a kind", replace(assumed, shards=64), True),
    ]
    for name, case, is_warm in cases:
        run = simulated(case, is_warm)
        yield row(name, f"{run.waited:,} s", f"{run.behind:,.0f}", f"{run.batches:,.0f}", f"{run.ended:,} s")
    waiting, seconds = behind_with_one(assumed)
    name = f"the incident that has most of {assumed.rate:,}: {hottest(assumed):,.0f} a second"
    yield row(name, f"{seconds:,.0f} s", f"{waiting:,.0f}", "", f"{assumed.burst + seconds:,.0f} s")


def dollars_page(assumed):
    costs = dollars(assumed)
    yield row("a million events", "dollars")
    yield row("---", "---:")
    for what, cost in costs.items():
        yield row(what, f"{cost:.2f}")
    yield row("all", f"**{sum(costs.values()):.2f}**")
    yield row(f"an hour of {assumed.rate:,} a second", f"{sum(costs.values()) * assumed.rate * 3_600 / 1e6:,.0f}")


def page(assumed):
    return "\n\n".join("\n".join(part(assumed)) for part in (keys_page, bursts_page, dollars_page))


def main():
    begin, end = "<!-- model.py -->\n", "\n<!-- end -->"
    readme = HERE / "README.md"
    printed = page(Assumed())
    if sys.argv[1:] == []:
        return print(printed)
    before, rest = readme.read_text().split(begin)
    kept, after = rest.split(end)
    if sys.argv[1:] == ["--write"]:
        readme.write_text(before + begin + printed + end + after)
    elif sys.argv[1:] == ["--check"]:
        if kept != printed:
            sys.exit(f"{readme} has other tables: infra/scale/model.py --write")
    else:
        sys.exit(__doc__)


main()
