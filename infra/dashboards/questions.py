"""What whoever is on call asks, and which metrics answer: of this both dashboards are made.

A panel of Grafana is a title, how it is drawn, its unit, and expressions with what each is called. `$worker` is the pods that
were chosen. What cannot be answered by metrics is a link or a sentence.
"""

ALL = '{job="$job",pod=~"$worker"'
# A reason that kept news from being told at once.
WITHHELD = "silenced|inhibited|muted|flapping|counted|stormed|grouped|limited|in_hand|sample|shadow"
MINUTES = "[$__rate_interval]"
P0, SIXTY = 'priority="P0"', 'le="60.0"'


def of(metric, *matchers):
    return f"{metric}{ALL}{''.join(',' + one for one in matchers)}}}"


def rate(metric, by, *matchers):
    return f"sum by ({by}) (rate({of(metric, *matchers)}{MINUTES}))"


def grown(metric, by, *matchers):
    """How much it grew in the time that is looked at. Of a whole, nothing is 0; among parts, a 0 would be one without a name."""
    if by:
        return f"sum by ({by}) (increase({of(metric, *matchers)}[$__range]))"
    return f"sum (increase({of(metric, *matchers)}[$__range])) or vector(0)"


def quantile(share, metric, by):
    return f"histogram_quantile({share}, sum by (le, {by}) (rate({of(metric + '_bucket')}{MINUTES})))"


P0_IN_TIME = " / ".join((
    f"sum(increase({of('watchfire_page_latency_seconds_bucket', P0, SIXTY)}[$__range]))",
    f"sum(increase({of('watchfire_page_latency_seconds_count', P0)}[$__range]))"))
TAKEN = 'outcome="done"'
QUESTIONS = [
    ("What is open?", "`watchfire incidents list` knows each; here is what was said, and what is over of it, in the time that is looked at.", [
        ("Pages taken", "stat", "short", [(grown("watchfire_effects_total", "", 'kind="page"', TAKEN), "pages")]),
        ("Over again", "stat", "short", [(grown("watchfire_effects_total", "", 'kind="resolve"', TAKEN), "resolved")]),
        ("P0 decided to page", "stat", "short", [(grown("watchfire_decisions_total", "", P0, 'verdict="page"'), "P0")]),
        ("Channels that are down", "stat", "short", [(f"count({of('watchfire_channel_up')} == 0) or vector(0)", "down")]),
        ("Pages by channel", "lines", "ops", [(rate("watchfire_effects_total", "channel, kind", TAKEN), "{{channel}} {{kind}}")]),
    ]),
    ("How fast did we page?", "From the decision to the channel's answer. A P0 has 60 s, then its fallback is told.", [
        ("P0 within a minute", "stat", "percentunit", [(P0_IN_TIME, "in time")]),
        ("99 of 100 pages", "lines", "s", [(quantile(0.99, "watchfire_page_latency_seconds", "priority"), "{{priority}}")]),
        ("Half of all pages", "lines", "s", [(quantile(0.5, "watchfire_page_latency_seconds", "priority"), "{{priority}}")]),
        ("Pages that went to a fallback", "lines", "short", [(rate("watchfire_fallbacks_total", "channel"), "for {{channel}}")]),
        ("Tries that told nobody", "lines", "ops", [(rate("watchfire_effects_total", "channel, outcome", 'outcome!="done"'), "{{channel}} {{outcome}}")]),
        ("99 of 100 decisions", "lines", "s", [(f"histogram_quantile(0.99, sum by (le) (rate({of('watchfire_decide_seconds_bucket')}{MINUTES})))", "decide")]),
    ]),
    ("What was withheld or limited, and why?", "`watchfire why ID` tells it of one event.", [
        ("Reasons not to tell at once", "bars", "short", [(grown("watchfire_decisions_total", "why", f'why=~"{WITHHELD}"'), "{{why}}")]),
        ("Told, gathered, quiet", "lines", "ops", [(rate("watchfire_decisions_total", "verdict"), "{{verdict}}")]),
        ("By priority", "lines", "ops", [(rate("watchfire_decisions_total", "priority, verdict"), "{{priority}} {{verdict}}")]),
        ("By finder", "lines", "ops", [(rate("watchfire_decisions_total", "finder"), "{{finder}}")]),
        ("Templates that could not be used", "lines", "short", [(rate("watchfire_template_failures_total", "channel, part"), "{{channel}} {{part}}")]),
    ]),
    ("Is the queue healthy?", "The age of the oldest message is SQS's own: it is on the dashboard of CloudWatch.", [
        ("Since a message was done with", "stat", "s", [(f"time() - max({of('watchfire_last_success_timestamp_seconds')})", "ago")]),
        ("Since a canary came", "stat", "s", [(f"time() - max({of('watchfire_canary_arrival_timestamp_seconds')} > 0)", "ago")]),
        ("On its way for", "stat", "s", [(
            f"max({of('watchfire_canary_arrival_timestamp_seconds')} > 0) - max({of('watchfire_canary_timestamp_seconds')} > 0)", "canary")]),
        ("At work", "stat", "short", [(f"sum({of('watchfire_messages_at_work')})", "messages")]),
        ("Workers without their store", "stat", "short", [(f"count({of('watchfire_store_up')} == 0) or vector(0)", "workers")]),
        ("Store did not answer", "stat", "short", [(grown("watchfire_store_failures_total", ""), "times")]),
        ("Taken", "lines", "ops", [(rate("watchfire_messages_received_total", "queue"), "{{queue}}")]),
        ("Left to come again", "lines", "ops", [(rate("watchfire_messages_left_total", "queue"), "{{queue}}")]),
        ("In the embedded queue", "lines", "short", [(f"sum by (lane) ({of('watchfire_queue_depth')})", "{{lane}}")]),
    ]),
    ("What was done to the cluster?", "`watchfire contained` lists what is held.", [
        ("Acts", "bars", "short", [(grown("watchfire_acts_total", "action, end"), "{{action}} {{end}}")]),
        ("99 of 100 acts", "lines", "s", [(quantile(0.99, "watchfire_act_latency_seconds", "action"), "{{action}}")]),
    ]),
    ("What is the matter in the cluster?", "Where `watch` is configured; `docs/watch.md` has the conditions.", [
        ("Now", "bars", "short", [(f"max by (condition) ({of('watchfire_watch_conditions')})", "{{condition}}")]),
        ("Told", "lines", "short", [(rate("watchfire_watch_said_total", "condition, state"), "{{condition}} {{state}}")]),
        ("Could not be looked at", "lines", "short", [(f"max by (condition) ({of('watchfire_watch_blind')})", "{{condition}}")]),
        ("Left out, being too many", "stat", "short", [(f"max({of('watchfire_watch_left_out')})", "conditions")]),
        ("Looks", "lines", "ops", [(f"sum (rate({of('watchfire_watch_looks_total')}{MINUTES}))", "looks")]),
        ("99 of 100 looks", "lines", "s", [(f"histogram_quantile(0.99, sum by (le) (rate({of('watchfire_watch_look_seconds_bucket')}{MINUTES})))", "look")]),
    ]),
    ("What did a model say of it?", "Where `triage` is configured; `docs/triage.md` has the outcomes.", [
        ("Questions", "lines", "ops", [(rate("watchfire_triage_requests_total", "outcome"), "{{outcome}}")]),
        ("99 of 100 answers", "lines", "s", [(f"histogram_quantile(0.99, sum by (le) (rate({of('watchfire_triage_seconds_bucket')}{MINUTES})))", "answer")]),
        ("Tokens", "lines", "ops", [(rate("watchfire_triage_tokens_total", "direction"), "{{direction}}")]),
        ("Tokens left today", "stat", "short", [(f"min({of('watchfire_triage_budget_left_tokens')})", "tokens")]),
        ("Spent", "stat", "short", [(grown("watchfire_triage_cost_total", ""), "in what the prices are in")]),
        ("Left to spend today", "stat", "short", [(f"min({of('watchfire_triage_budget_left_cost')})", "in what the prices are in")]),
    ]),
    ("Who comes in?", "", [
        ("Heard of PagerDuty", "lines", "ops", [(rate("watchfire_pagerduty_heard_total", "way, outcome"), "{{way}} {{outcome}}")]),
        ("Pressed in Slack", "lines", "ops", [(rate("watchfire_slack_pressed_total", "outcome"), "{{outcome}}")]),
        ("Refused by HTTP", "lines", "ops", [(rate("watchfire_http_refused_total", "reason"), "{{reason}}")]),
        ("Connections", "lines", "short", [(f"sum by (address) ({of('watchfire_http_connections')})", "{{address}}")]),
        ("In force is what the files say", "stat", "short", [(f"min({of('watchfire_config_last_reload_successful')})", "1: yes")]),
        ("Since the configuration was read", "stat", "s", [(f"time() - min({of('watchfire_config_last_reload_success_timestamp_seconds')})", "ago")]),
        ("Read again", "lines", "short", [(rate("watchfire_reloads_total", "outcome"), "{{outcome}}")]),
        ("Spans that no collector has", "lines", "short", [(rate("watchfire_spans_lost_total", "reason"), "{{reason}}")]),
    ]),
    ("What does it cost?", "What AWS bills of it, in requests and units, is on the dashboard of CloudWatch. Here is what it is billed for.", [
        ("Events decided", "stat", "short", [(grown("watchfire_decisions_total", ""), "events")]),
        ("Messages taken", "stat", "short", [(grown("watchfire_messages_received_total", ""), "messages")]),
        ("Told, by channel", "bars", "short", [(grown("watchfire_effects_total", "channel", TAKEN), "{{channel}}")]),
    ]),
]
