"""Grafana's dashboard of the questions."""

from questions import QUESTIONS

SOURCE = {"type": "prometheus", "uid": "$source"}
WIDTH, STAT, LINES = 24, 4, 8
# A gauge that is bad above that, or below.
BAD = {
    "Channels that are down": [(None, "green"), (1, "red")],
    "Store did not answer": [(None, "green"), (1, "red")],
    "Since a message was done with": [(None, "green"), (600, "orange")],
    "In force is what the files say": [(None, "red"), (1, "green")],
    "P0 within a minute": [(None, "red"), (0.999, "green")],
}


def panel(number, title, drawn, unit, expressions, place):
    targets = [
        {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": expression, "legendFormat": called,
         "instant": drawn != "lines", "range": drawn == "lines", "editorMode": "code"}
        for index, (expression, called) in enumerate(expressions)]
    defaults = {"unit": unit, "color": {"mode": "palette-classic" if drawn != "stat" else "thresholds"}}
    steps = BAD.get(title, [(None, "blue")])
    defaults["thresholds"] = {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}
    kinds = {"stat": "stat", "bars": "bargauge", "lines": "timeseries"}
    return {"id": number, "type": kinds[drawn], "title": title, "datasource": SOURCE, "gridPos": place,
            "targets": targets, "fieldConfig": {"defaults": defaults, "overrides": []}, "options": options(drawn)}


def options(drawn):
    calculated = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    if drawn == "stat":
        return {"reduceOptions": calculated, "colorMode": "value", "graphMode": "none", "justifyMode": "auto",
                "orientation": "auto", "textMode": "auto"}
    if drawn == "bars":
        return {"reduceOptions": calculated, "displayMode": "gradient", "orientation": "horizontal", "valueMode": "color",
                "showUnfilled": True, "minVizWidth": 8, "minVizHeight": 16}
    return {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"}}


def panels():
    number, y, all_of_them = 1, 0, []
    for title, sentence, asked in QUESTIONS:
        all_of_them.append({"id": number, "type": "row", "title": title, "collapsed": False, "panels": [],
                            "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y}})
        number, y = number + 1, y + 1
        stats = [one for one in asked if one[1] == "stat"]
        others = [one for one in asked if one[1] != "stat"]
        for shown, height, most in ((stats, STAT, 6), (others, LINES, 3)):
            for begin in range(0, len(shown), most):
                line = shown[begin:begin + most]
                width = WIDTH // len(line)
                for index, (name, drawn, unit, expressions) in enumerate(line):
                    made = panel(number, name, drawn, unit, expressions, {"h": height, "w": width, "x": index * width, "y": y})
                    if sentence:
                        made["description"] = sentence
                    all_of_them.append(made)
                    number += 1
                y += height
    return all_of_them


def variable(name, label, query, several):
    made = {"type": "query", "name": name, "label": label, "datasource": SOURCE, "query": {"query": query, "refId": name},
            "refresh": 2, "sort": 1, "multi": several, "includeAll": several, "hide": 0, "skipUrlSync": False, "options": [], "regex": ""}
    return made | {"allValue": ".*", "current": {"text": "All", "value": "$__all"}} if several else made


def dashboard():
    source = {"type": "datasource", "name": "source", "label": "Prometheus", "query": "prometheus", "refresh": 1, "multi": False,
              "includeAll": False, "hide": 0, "skipUrlSync": False, "options": [], "regex": ""}
    job = variable("job", "Job", "label_values(watchfire_messages_at_work, job)", False)
    worker = variable("worker", "Worker", 'label_values(watchfire_messages_at_work{job="$job"}, pod)', True)
    return {
        "uid": "watchfire", "title": "Watchfire", "description": "Made by infra/dashboards/make.", "tags": ["watchfire"],
        "timezone": "browser", "editable": True, "graphTooltip": 1, "fiscalYearStartMonth": 0, "schemaVersion": 38,
        "refresh": "1m", "time": {"from": "now-24h", "to": "now"}, "timepicker": {},
        "templating": {"list": [source, job, worker]}, "annotations": {"list": []}, "links": [], "panels": panels(),
    }
