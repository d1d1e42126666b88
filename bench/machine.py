"""The machine that the figures are taken on: two cores, processes kept on them, what they used."""
import os
import resource
import signal
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
GATEWAY_CORE, LOAD_CORE = CORES[0], CORES[-1]  # two of them, or run refuses
STOP_S = 10


class Process:
    """A program on one core, in a process group of its own that ends with it."""

    def __init__(self, command, core, env=None, cwd=None, log=os.devnull):
        with open(log, "wb") as out:
            self.popen = subprocess.Popen(["taskset", "-c", str(core)] + command, env=env, cwd=cwd,
                                          stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          start_new_session=True)

    def bound_memory(self, share=0.5):
        """It may take this share of the machine's memory: some need a megabyte a connection."""
        most = int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * share)
        resource.prlimit(self.popen.pid, resource.RLIMIT_DATA, (most, most))

    def ended(self):
        return self.popen.poll() is not None

    def stop(self):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if not self.ended():
                os.killpg(self.popen.pid, sign)
                try:
                    self.popen.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    pass
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)  # what it left behind
        except OSError:
            pass

    def tree(self):
        """Its process and all below it."""
        children = {}
        for name in os.listdir("/proc"):
            if name.isdigit() and (stat := stat_of(name)):
                children.setdefault(int(stat[1]), []).append(int(name))
        found = [self.popen.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu_s(self):
        """User and system time of the tree. The kernel tells it twice: in ticks of 10 ms with all
        that already ended in it, and to the nanosecond for the threads that live. Both can only
        miss something, so the larger one is the nearer."""
        ticks = nanoseconds = 0
        for pid in self.tree():
            ticks += sum(map(int, (stat_of(pid) or [0] * 15)[11:15]))
            nanoseconds += threads_ns(pid)
        return max(ticks / TICKS, nanoseconds / 1e9)

    def rss_kib(self):
        total = 0
        for pid in self.tree():
            try:
                with open("/proc/%d/status" % pid) as f:
                    total += sum(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
            except OSError:
                pass  # it ended meanwhile
        return total


def stat_of(pid):
    """The fields of /proc/PID/stat behind the name, or None when it is gone."""
    try:
        with open("/proc/%s/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def threads_ns(pid):
    total = 0
    try:
        for thread in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, thread)) as f:
                total += int(f.read().split()[0])
    except OSError:
        pass  # it ended meanwhile, or this kernel does not tell
    return total


def busy_s(core):
    """Seconds that a core worked since the machine started, whoever for."""
    with open("/proc/stat") as f:
        for line in f:
            name, *ticks = line.split()
            if name == "cpu%d" % core:
                return (sum(map(int, ticks[:8])) - int(ticks[3]) - int(ticks[4])) / TICKS
    raise SystemExit("no core %d" % core)


class Meter:
    """What a process and others used of the process's core: with Meter(p) as m, then m.cpu_s,
    m.others (their share of the core's time)."""

    def __init__(self, process, core=GATEWAY_CORE):
        self.process, self.core = process, core

    def read(self):
        return self.process.cpu_s(), busy_s(self.core), time.monotonic()

    def __enter__(self):
        self.before = self.read()
        return self

    def __exit__(self, *_):
        self.cpu_s, busy, self.wall_s = (b - a for a, b in zip(self.before, self.read()))
        self.others = max(0.0, busy - self.cpu_s) / self.wall_s


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, wanted=True, seconds=10):
    """Until something listens there, or until nothing does any more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            listens = True
        except OSError:
            listens = False
        if listens == wanted:
            return
        time.sleep(0.005)
    raise SystemExit("port %d: %s" % (port, "nothing listens" if wanted else "still in use"))


def allow_files(count):
    """Raises the limit of open files for all that is started from here; False where it may not."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < count:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))
    return True


def describe():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")),
                     os.uname().machine)
    return "%s, %d cores, Linux %s" % (model, os.cpu_count(), os.uname().release)
