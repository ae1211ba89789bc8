"""What is measured, and the figures to reach."""
import os
import re
import shutil
import subprocess
import time

from . import configurations
from .emulator import Emulator, Workplace

APPLY = ("apply", "-auto-approve", "-input=false")
PLAN = ("plan", "-input=false", "-detailed-exitcode")
DESTROY = ("destroy", "-auto-approve", "-input=false")
# Every hundredth request each is refused for a while, fails, and is cut off before and after its work.
TROUBLE = [
    {"probability": 0.01, "status": 429, "retry_after": 0},
    {"probability": 0.01, "status": 500},
    {"probability": 0.005, "drop": "before"},
    {"probability": 0.005, "drop": "after", "method": "GET"},
]
MIB = 1024 * 1024


class Figure:
    """One measured figure, the most (or, with `at_least`, the least) that it may be, and its unit."""

    def __init__(self, name, value, bound, unit, at_least=False):
        self.name, self.value, self.bound, self.unit, self.at_least = name, value, bound, unit, at_least

    def reached(self):
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self):
        number = f"{self.value:.2f}" if isinstance(self.value, float) else f"{self.value:,}"
        relation = "at least" if self.at_least else "at most"
        verdict = "" if self.reached() else "  MISSED"
        return f"{self.name:58} {number:>9} {self.unit:9} {relation} {self.bound:,}{verdict}"


class Bench:
    """Where a case works and what it measures."""

    def __init__(self, root, terrane, directory):
        self.root, self.terrane, self.directory = root, terrane, directory

    def emulator(self, *options, rules=None):
        return Emulator(self.terrane, os.path.join(self.directory, "azure"), *options, rules=rules)

    def workplace(self, emulator, write):
        """A fresh directory with a configuration, for an emulated Azure."""
        path = os.path.join(self.directory, "work")
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return Workplace(self.terrane, emulator, write(path) or path)

    def copy(self, *parts):
        """Writes a configuration of this checkout."""
        return lambda path: shutil.copytree(os.path.join(self.root, *parts), path, dirs_exist_ok=True) and None

    def example(self, name):
        """Writes an example with the modules that it calls, and returns its directory."""

        def write(path):
            for part in ("modules", os.path.join("examples", name)):
                shutil.copytree(os.path.join(self.root, part), os.path.join(path, part))
            return os.path.join(path, "examples", name)

        return write


def platform(bench):
    """One object of nearly every type there is."""
    with bench.emulator() as azure:
        work = bench.workplace(azure, bench.copy("providers", "azure", "tests", "platforms", "everything"))
        yield Figure("platform of 44 resources of 43 types: apply", work.run(*APPLY)[0], 1, "s")
        yield Figure("platform of 44 resources of 43 types: plan again", work.run(*PLAN)[0], 0.2, "s")
        yield Figure("platform of 44 resources of 43 types: destroy", work.run(*DESTROY)[0], 1, "s")


def superset(bench):
    """The Superset platform: an empty plan in few requests."""
    for environment in ("staging", "production"):
        with bench.emulator() as azure:
            work = bench.workplace(azure, bench.example("superset-aks"))
            variables = (f"-var-file={environment}.tfvars",)
            work.run(*APPLY, *variables)
            _, requests = work.counted(*PLAN, *variables)
            yield Figure(f"Superset on AKS, {environment}: requests of an empty plan", requests, 20, "requests")


def critical_path(bench):
    """Operations that take a hundredth of their time: how much is waited for besides."""
    scale = 0.01
    with bench.emulator("-operation-time", str(scale)) as azure:
        work = bench.workplace(azure, bench.example("superset-aks"))
        variables = ("-var-file=staging.tfvars",)
        _, text = work.run("plan", "-input=false", *variables)
        path = re.search(r"about (?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text.split("Expected duration:")[-1])
        hours, minutes, seconds = (int(part or 0) for part in path.groups())
        expected = (hours * 3600 + minutes * 60 + seconds) * scale
        seconds, _ = work.run(*APPLY, *variables)
        yield Figure("Superset on AKS, operations at 0.01: apply over critical path", seconds / expected, 1.2, "times")


def thousand(bench):
    """1,000 resources over 20 types in one group: refreshed in few requests, far away, and through trouble."""
    apply = (*APPLY, "-parallelism=30")
    with bench.emulator() as azure:
        work = bench.workplace(azure, configurations.thousand)
        work.run(*apply)
        seconds, requests = work.counted(*PLAN)
        yield Figure("1,000 resources: requests of an empty plan", requests, 60, "requests")
        yield Figure("1,000 resources: empty plan", seconds, 3, "s")
    with bench.emulator(rules=[{"delay_ms": 50}]) as azure:
        work = bench.workplace(azure, configurations.thousand)
        work.run(*apply)
        yield Figure("1,000 resources, 50 ms away: empty plan", work.run(*PLAN)[0], 3, "s")
    with bench.emulator(rules=[{"delay_ms": 50}, *TROUBLE]) as azure:
        work = bench.workplace(azure, configurations.thousand)
        work.run(*apply)
        failures = sum(work.run(*PLAN, expected=(0, 1, 2))[1].count("No changes.") != 1 for _ in range(5))
        yield Figure("1,000 resources, 50 ms away, with faults: plans that fail", failures, 0, "plans")
        work.run(*DESTROY, "-parallelism=30")


def emulator(bench):
    """The emulator alone: reads per second of one core, and memory."""
    command = ["cargo", "run", "--release", "--quiet", "--package", "terrane-azure-emulator", "--example", "load"]
    start = time.perf_counter()
    text = subprocess.run(command, cwd=bench.root, check=True, capture_output=True, text=True).stdout
    reads = re.search(r"([\d,.]+) GET/s of server", text)
    memory = re.search(r"memory: ([\d,.]+) MiB", text)
    if not reads or not memory:
        raise RuntimeError(f"the load example says nothing of reads and memory after {time.perf_counter() - start:.0f} s:\n{text}")
    number = lambda found: float(found.group(1).replace(",", ""))
    yield Figure("emulator: reads per second of one core", number(reads), 5000, "per s", at_least=True)
    yield Figure("emulator: memory with 100,000 resources", number(memory), 1024, "MiB")


CASES = {
    "platform": platform,
    "superset": superset,
    "critical_path": critical_path,
    "thousand": thousand,
    "emulator": emulator,
}
