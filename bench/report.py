"""From rows of figures to the table: medians over the rounds, each beside its bar."""
import statistics

LINES = [  # what, unit, path in a row, bar, how it is held to nginx's figure
    # how: "times" nginx, "beyond" it (in the unit), "" the figure alone; bar None: no bar
    ("CPU per call, 0.5 KB, 16 connections", "µs", "0.5 KB.cpu_us", 1.5, "times"),
    ("CPU per call, 8 KB", "µs", "8 KB.cpu_us", 2, "times"),
    ("CPU per call, 60 KB, first sight", "µs", "60 KB.cpu_us", 4, "times"),
    ("CPU per call, 60 KB, history seen before", "µs", "60 KB seen.cpu_us", 2, "times"),
    ("calls a second on one core, 0.5 KB", "", "0.5 KB.per_s", None, ""),
    ("added latency, one connection, p50", "µs", "turns.added.p50", 1.25, "times"),
    ("added latency, one connection, p99", "µs", "turns.added.p99", 1.25, "times"),
    ("200 streams: CPU per event", "µs", "streams 200.cpu_us", 1.1, "times"),
    ("200 streams: first event, p50", "µs", "streams 200.first_p50", 50, "beyond"),
    ("200 streams: first event, p99", "µs", "streams 200.first_p99", 200, "beyond"),
    ("200 streams: events lost", "", "streams 200.lost", 0, ""),
    ("200 streams: memory of an open stream", "KiB", "streams 200.kib_each", 24, ""),
    ("4 streams: CPU per event", "µs", "streams 4.cpu_us", 1.1, "times"),
    ("4 streams: first event, p50", "µs", "streams 4.first_p50", 50, "beyond"),
    ("4 streams: first event, p99", "µs", "streams 4.first_p99", 200, "beyond"),
    ("4 streams: events lost", "", "streams 4.lost", 0, ""),
    ("RSS idle", "MiB", "rss_mib", 12, ""),
    ("RSS with 10,000 idle connections", "MiB", "idle.rss_mib", None, ""),
    ("CPU with 10,000 idle connections", "ms/s", "idle.cpu_ms_per_s", None, ""),
    ("idle connections kept of 10,000", "", "idle.kept", None, ""),
    ("start to first answer", "ms", "start_ms", 50, ""),
    ("classify, prompts up to 6 KB, p50", "µs", "judge.classify_p50", 20, ""),
    ("classify, prompts up to 6 KB, p99", "µs", "judge.classify_p99", 100, ""),
    ("scan for sensitive places", "MB/s", "judge.scan_mb_s", 500, "least"),
    ("bad answers, streams broken", "", "bad", 0, ""),
]
ADDED_UP = ("bad", "lost")  # over the rounds; of all else the median is taken


def derived(row):
    """A row with what follows from its own figures."""
    row = dict(row)
    if "turns" in row:
        direct, through = row["turns"]["direct"], row["turns"]["through"]
        row["turns"] = dict(row["turns"], added={p: through[p] - direct[p] for p in ("p50", "p99")})
        row["bad"] = (sum(f["bad"] for f in row.values() if isinstance(f, dict) and "bad" in f) +
                      sum(f["broken"] for f in row.values() if isinstance(f, dict) and
                          "broken" in f) + direct["bad"] + through["bad"])
    return row


def pick(row, path):
    """row["a"]["b"] by the path "a.b"; names may hold dots themselves ("0.5 KB")."""
    for key in row:
        if path == key:
            return row[key]
        if path.startswith(key + ".") and isinstance(row[key], dict):
            return pick(row[key], path[len(key) + 1:])
    return None


def figure(rows, path):
    """One figure of one gateway over all rounds, or None where it was not taken."""
    values = [v for v in (pick(row, path) for row in rows) if v is not None]
    if not values:
        return None
    return sum(values) if path.split(".")[-1] in ADDED_UP else statistics.median(values)


def beside(ours, nginx, bar, how):
    """(what it is beside nginx, the bar in words, whether it is held or None)."""
    if how == "times":
        if not ours or not nginx:
            return "", "≤ %g × nginx" % bar, None
        return "%.2f ×" % (ours / nginx), "≤ %g × nginx" % bar, ours / nginx <= bar
    if how == "beyond":
        if ours is None or nginx is None:
            return "", "≤ nginx + %g" % bar, None
        return "%+.0f" % (ours - nginx), "≤ nginx + %g" % bar, ours - nginx <= bar
    if bar is None:
        return "", "", None
    if how == "least":
        return "", "≥ %g" % bar, None if ours is None else ours >= bar
    return "", "≤ %g" % bar if bar else "0", None if ours is None else ours <= bar


def number(value):
    if value is None:
        return "–"
    if abs(value) >= 100 or value == int(value):
        return "{:,.0f}".format(value)
    return "%.1f" % value


def table(rows):
    """The table in Markdown; rows as figures.py makes them, of one run."""
    by = {}
    for row in map(derived, rows):
        by.setdefault(row["gateway"], []).append(row)
    peers = [name for name in by if name not in ("nginx", "weir")]
    head = ["what", "nginx", "weir", "beside nginx", "bar", "held"] + peers
    lines = [head, ["---", "---:", "---:", "---:", "---:", "---"] + ["---:"] * len(peers)]
    for what, unit, path, bar, how in LINES:
        value = {name: figure(of, path) for name, of in by.items()}
        ratio, words, held = beside(value.get("weir"), value.get("nginx"), bar, how)
        verdict = "" if held is None else "held" if held else "**missed**"
        lines.append([what + (", " + unit if unit else ""), number(value.get("nginx")),
                      number(value.get("weir")), ratio, words, verdict] +
                     [number(value[name]) for name in peers])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def disturbance(rows):
    """The median share of the gateways' core that other programs took."""
    shares = [f["others"] for row in rows for f in row.values()
              if isinstance(f, dict) and "others" in f]
    return statistics.median(shares) if shares else 0.0
