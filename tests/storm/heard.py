"""What was heard in a run of the storm, judged and shown."""

import collections
import json
import re
import statistics
import subprocess


def judged(program, posted, heard, arguments):
    p0s = {line["pod"]: line for line in posted if "p0" in line}
    told = (pages if program.name == "watchfire" else webhooks)(heard, arguments.storm)
    first = {pod: min(times) for pod, times in told["p0"].items()}
    latencies = sorted((first[pod] - line["posted"]) / 1e6 for pod, line in p0s.items() if pod in first)
    found = {
        "told": len(latencies),
        "untold": [f"{pod} ({line['kind']}, at {line['at_ms'] / 1000:.0f} s)" for pod, line in p0s.items() if pod not in first],
        "p50": statistics.median(latencies) if latencies else None,
        "most": latencies[-1] if latencies else None,
        "others": told["messages"] - len(told["p0_messages"]),
        "again": told["again"],
        "drive": next(line for line in posted if "ended" in line),
        "resent": sum("resent" in line for line in posted),
        "details": told["details"],
    }
    if program.name == "watchfire":
        journal = subprocess.run([arguments.binaries / "storm", "journal", program.store], check=True, capture_output=True)
        found["journal"] = json.loads(journal.stdout)
        found["neither"] = found["journal"]["findings_without_reason"]
    else:
        wanted = {(shot["kind"], shot["pod"]) for shot in arguments.storm if shot["priority"] != "P3"}
        found["neither"] = len(wanted - told["named"])
    return found


def pages(heard, storm):
    """What PagerDuty was told."""
    pods = {shot["pod"] for shot in storm}
    p0, p0_messages, seen, again = collections.defaultdict(list), set(), set(), 0
    taken = [line for line in heard if line.get("from") == "pagerduty" and line["status"] == 202]
    actions, priorities = collections.Counter(), collections.Counter()
    for number, line in enumerate(taken):
        event = line["event"]
        text = json.dumps(event, sort_keys=True)
        again += text in seen
        seen.add(text)
        payload = event.get("payload") or {}
        summary = payload.get("summary", "")
        priority = (payload.get("custom_details") or {}).get("priority") or summary[1:3]
        actions[event["event_action"]] += 1
        priorities[priority if event["event_action"] == "trigger" else event["event_action"]] += 1
        if event["event_action"] == "trigger" and priority == "P0":
            for pod in pods.intersection(re.findall(r"[a-z0-9-]+", text)):
                if pod not in p0:
                    p0_messages.add(number)
                p0[pod].append(line["at"])
    refused = sum(line.get("status") != 202 for line in heard if line.get("from") == "pagerduty")
    details = {
        "events by priority": dict(priorities),
        "alerts opened": len({line["event"]["dedup_key"] for line in taken if line["event"]["event_action"] == "trigger"}),
        "refused by PagerDuty": refused,
    }
    return {"p0": p0, "p0_messages": p0_messages, "messages": len(taken), "again": again, "details": details}


def webhooks(heard, _):
    """What Alertmanager's webhook was told."""
    p0, p0_messages, named, again, largest = collections.defaultdict(list), set(), set(), 0, 0
    messages = [line for line in heard if line.get("from") == "alertmanager"]
    for number, line in enumerate(messages):
        largest = max(largest, line.get("bytes", 0))
        firing = {(kind, pod) for _, kind, pod in line["firing"]}
        again += not firing - named
        named |= firing
        if line["firing"] and all(priority == "P0" for priority, _, _ in line["firing"]):
            for _, _, pod in line["firing"]:
                if pod not in p0:
                    p0_messages.add(number)
                p0[pod].append(line["at"])
    details = {
        "messages by status": dict(collections.Counter(line["status"] for line in messages)),
        "largest message, KiB": largest // 1024,
        "alerts in all messages": sum(line["alerts"] for line in messages),
    }
    return {"p0": p0, "p0_messages": p0_messages, "messages": len(messages), "again": again, "named": named, "details": details}


def shown(rows):
    milliseconds = lambda value: "-" if value is None else f"{value:.0f} ms" if value < 10_000 else f"{value / 1000:.1f} s"
    print("| run | P0 told | P0 p50 | P0 most | other messages | told again | neither told nor recorded | peak |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        print(
            f"| {row['title']} | {row['told']} of 30 | {milliseconds(row['p50'])} | {milliseconds(row['most'])} "
            f"| {row['others']} | {row['again']} | {row['neither']} | {row['peak'] / 1024:.0f} MiB |"
        )
    for row in rows:
        print(f"\n{row['title']}: {row['drive']['posted']} posted, {row['drive']['refusals']} posts refused and repeated, ", end="")
        print(f"at most {row['drive']['behind_ms']} ms late; ready after " + ", ".join(f"{start:.1f} s" for start in row["starts"]))
        for name, value in row["details"].items():
            print(f"  {name}: {value}")
        if row["resent"]:
            print(f"  all active alerts resent {row['resent']} times")
        if row["untold"]:
            print("  P0 never told: " + "; ".join(row["untold"]))
        if journal := row.get("journal"):
            print(f"  reports without a reason: {journal['without_reason']}, of those still queued: {journal['of_those_queued']}; ", end="")
            print(f"effects pending: {journal['pending']}; another priority than expected: {journal['misjudged']}")
            for reason, count in sorted(journal["reasons"].items()):
                print(f"  {reason}: {count}")
