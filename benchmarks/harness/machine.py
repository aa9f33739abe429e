"""What has to stand beside a figure so that it means something: the machine, the versions, and what else ran."""
import datetime
import os
import platform
import re
import subprocess


def first_line(*command):
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (run.stdout + run.stderr).strip().splitlines()
    return lines[0].strip() if lines else None


def field_of(file, name):
    with open(file) as lines:
        found = re.search(rf"^{name}\s*:\s*(.*)$", lines.read(), re.MULTILINE)
    return found.group(1) if found else None


def describe(java):
    memory_kb = int(field_of("/proc/meminfo", "MemTotal").split()[0])
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": first_line("git", "describe", "--always", "--dirty"),
        "cpu": field_of("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memoryMb": memory_kb // 1024,
        "system": f"{distribution()}, Linux {platform.release()}",
        "java": first_line(java[0], "--version"),
        "jvmFlags": " ".join(java[1:]),
        "python": first_line("python3", "--version"),
        "node": first_line("node", "--version"),
        "bubblewrap": first_line("bwrap", "--version"),
        "docker": first_line("docker", "version", "--format", "{{.Server.Version}}"),
        "redis": first_line("redis-server", "--version"),
        "wrk": (first_line("wrk", "--version") or "").split(" Copyright")[0],
    }


def distribution():
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME")
    except OSError:
        return None


def times():
    """What the processors have done so far, in ticks: user, nice, system, idle, waiting for disks, interrupts, soft ones, stolen."""
    with open("/proc/stat") as stat:
        return [int(value) for value in stat.readline().split()[1:9]]


class BusyShare:
    """How much of their time the processors have worked since this was made."""

    def __init__(self):
        self._before = times()

    def percent(self):
        spent = [now - before for now, before in zip(times(), self._before)]
        return 100 * (1 - (spent[3] + spent[4]) / max(1, sum(spent)))


class Disturbance:
    """What the machine did besides: the load average before and, with our own load, after; how much time a hypervisor gave to others."""

    def __init__(self):
        self._load, self._times = os.getloadavg(), times()

    def so_far(self):
        spent = [now - before for now, before in zip(times(), self._times)]
        return {"loadAverageBefore": [round(value, 2) for value in self._load],
                "loadAverageAfter": [round(value, 2) for value in os.getloadavg()],
                "stolenPercent": round(100 * spent[7] / max(1, sum(spent)), 1)}
