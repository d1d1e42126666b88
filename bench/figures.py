"""The figures: each function starts the gateway anew, loads it and returns what it measured.

bench/README.md says in words how each is taken. All figures of a round stand in one row, which is
one line of the results.
"""
import json
import os
import subprocess

import machine
import prompts

CONNECTIONS = 16
STREAMS, FEW_STREAMS = 200, 4
IDLE = 10000
FILES = IDLE + 1000  # what a process with so many connections opens
SIZES = {"0.5 KB": 500, "8 KB": 8192, "60 KB": 61440, "60 KB seen": 61440}


class Bench:
    """What all figures need: the programs, the files of bodies, and between `with` and its end
    the provider."""

    def __init__(self, programs, folder, texts, seconds):
        self.programs, self.folder, self.seconds = programs, folder, seconds
        self.bodies = {kind: self.write(kind, prompts.grown if "seen" in kind else prompts.single,
                                        texts, size) for kind, size in SIZES.items()}
        self.bodies["stream"] = self.write("stream", prompts.single, texts, 500, stream=True)
        self.bodies["spread"] = self.write("spread", prompts.spread, texts, 6000, 2000)
        self.provider = self.provider_port = None

    def __enter__(self):
        self.provider_port = machine.free_port()
        self.provider = machine.Process([self.program("provider"), str(self.provider_port)],
                                        machine.LOAD_CORE)
        try:
            machine.wait_for_port(self.provider_port)
        except BaseException:
            self.provider.stop()
            raise
        return self

    def __exit__(self, *_):
        self.provider.stop()

    def write(self, kind, make, *args, **more):
        path = os.path.join(self.folder, "bodies-" + kind.replace(" ", "-"))
        return prompts.write(path, make(*args, **more))

    def program(self, name):
        return os.path.join(self.programs, name)

    def start(self, name, *args, core=machine.LOAD_CORE):
        command = ["taskset", "-c", str(core), self.program(name), *map(str, args)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, name, *args, core=machine.LOAD_CORE):
        """What the program prints; an error of its own ends the bench."""
        program = self.start(name, *args, core=core)
        out, _ = program.communicate()
        if program.returncode:
            raise RuntimeError("%s ended with status %d" % (name, program.returncode))
        return json.loads(out)

    def load(self, gateway, connections, seconds, kind):
        return self.run("calls", gateway.port, connections, seconds, self.bodies[kind],
                        *gateway.headers)


def calls(bench, gateway):
    """CPU per call by size, added latency, memory, start."""
    row = {}
    with gateway.run():
        row["start_ms"] = gateway.start_ms
        row["rss_mib"] = gateway.process.rss_kib() / 1024
        for kind in SIZES:
            bench.load(gateway, CONNECTIONS, 1, kind)  # warm; and all talks go by once
            with machine.Meter(gateway.process) as used:
                done = bench.load(gateway, CONNECTIONS, bench.seconds, kind)
            row[kind] = {"cpu_us": used.cpu_s * 1e6 / max(1, done["calls"]), "others": used.others,
                         "per_s": done["calls"] / done["seconds"], "bad": done["bad"]}
        row["rss_loaded_mib"] = gateway.process.rss_kib() / 1024
        row["turns"] = bench.run("turns", bench.provider_port, gateway.port,
                                 1000 * bench.seconds, bench.bodies["0.5 KB"], *gateway.headers)
    return row


def streams(bench, gateway, count, seconds):
    """CPU per event, time to the first event, events lost, memory of an open stream."""
    with gateway.run(streams=True):
        before_kib = gateway.process.rss_kib()
        with machine.Meter(gateway.process) as used:
            load = bench.start("streams", gateway.port, count, seconds, bench.bodies["stream"],
                               *gateway.headers)
            try:
                load.wait(seconds * 0.75)  # all are open by then
            except subprocess.TimeoutExpired:
                pass
            full_kib = gateway.process.rss_kib()
            row = json.loads(load.communicate()[0])
    row["cpu_us"] = used.cpu_s * 1e6 / max(1, row["events"])
    row["others"] = used.others
    row["kib_each"] = (full_kib - before_kib) / count
    return row


def idle(bench, gateway, seconds):
    """Memory and CPU of a gateway whose clients are all between two calls."""
    with gateway.run(clients=FILES):
        before_kib = gateway.process.rss_kib()
        holder = bench.start("hold", gateway.port, IDLE, bench.bodies["0.5 KB"], *gateway.headers)
        held = json.loads(holder.stdout.readline() or '{"open": 0}')
        with machine.Meter(gateway.process) as used:
            try:
                holder.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        full_kib = gateway.process.rss_kib()
        out, _ = holder.communicate()
        kept = json.loads(out or '{"kept": 0}')["kept"]
    return {"open": held["open"], "kept": kept, "rss_mib": full_kib / 1024,
            "kib_each": (full_kib - before_kib) / max(1, held["open"]),
            "cpu_ms_per_s": used.cpu_s * 1000 / used.wall_s}


def judge(bench):
    """weir's own classifier and scan, alone on the gateways' core."""
    return bench.run("judge", bench.bodies["spread"], bench.bodies["60 KB"],
                     core=machine.GATEWAY_CORE)
