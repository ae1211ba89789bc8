"""What is measured, and the figures to reach."""
import math
import os
import shutil

from . import configurations
from .measure import remove
from .table import MIB, Row

STATE_FILES = ("terraform.tfstate", "terraform.tfstate.backup", ".terrane")
APPLY = ["apply", "-auto-approve", "-input=false"]
PLAN = ["plan", "-input=false"]
# Time as a power of size, between a tenth of a size and the size: 1 is linear; what one process costs to start makes
# it less, caches that no longer hold everything make it more.
LINEAR = 1.25


class Case:
    """A name, and a function from a bench to rows."""

    def __init__(self, name, run):
        self.name, self.run = name, run


def plan_case(label, write, **bounds):
    """Plans a configuration that has no state yet."""

    def run(bench):
        directory = bench.fresh("plan", lambda path: write(bench, path))
        ours = bench.terrane(PLAN, directory)
        theirs = bench.terraform(PLAN, directory)
        yield Row(label, ours, theirs, **bounds)

    return run


def version(bench):
    directory = bench.fresh("version", lambda path: None)
    ours = bench.terrane(["version"], directory, runs=max(bench.runs, 9))
    yield Row("version", ours, bench.terraform(["version"], directory), seconds_max=0.010)
    size = os.path.getsize(bench.terrane_path)
    ours.memory = size
    yield Row("size of the binary (as MiB)", ours, memory_max=60 * MIB)


def apply_2000(bench):
    count = bench.sized(2000)
    write = lambda path: configurations.flat(path, count)
    directory = bench.fresh("terrane", write)
    ours = bench.terrane(APPLY, directory, prepare=lambda: remove(directory, *STATE_FILES))
    theirs = bench.terraform(APPLY, bench.fresh("terraform", write))
    yield Row("apply of 2,000", ours, theirs, ratio_min=200)
    # Both continue the state that terrane has made.
    ours = bench.terrane(PLAN + ["-detailed-exitcode"], directory)
    theirs = bench.terraform(PLAN + ["-detailed-exitcode"], directory)
    yield Row("empty plan over 2,000", ours, theirs, ratio_min=15)


def growth(bench, label, sizes, write, arguments=PLAN, **bounds):
    """Measures some sizes; the last row tells how time grows between the last two."""
    previous = None
    for size in sizes:
        count = bench.sized(size)
        directory = bench.fresh(str(size), lambda path: write(path, count))
        ours = bench.terrane(arguments, directory)
        if previous is None:
            yield Row(f"{label} {size:,}", ours)
        else:
            exponent = math.log(ours.wall / previous[1]) / math.log(size / previous[0])
            last = bounds if size == sizes[-1] else {}
            yield Row(f"{label} {size:,}", ours, growth=exponent, growth_max=LINEAR, **last)
        previous = (size, ours.wall)
        shutil.rmtree(directory)


def counted(bench):
    sizes = (1_000, 10_000, 100_000)
    yield from growth(bench, "plan of count =", sizes, configurations.counted, seconds_max=5, memory_max=2048 * MIB)


def validate_tree(bench):
    size = bench.sized(20_000_000)
    directory = bench.fresh("tree", lambda path: configurations.tree(path, size))
    ours = bench.terrane(["validate"], directory)
    theirs = bench.terraform(["validate"], directory)
    yield Row("parse and validate 20 MB", ours, theirs, seconds_max=2, memory_max=1024 * MIB)


def format_tree(bench):
    size = bench.sized(20_000_000)
    directory = bench.fresh("tree", lambda path: configurations.tree(path, size))
    pristine = bench.fresh("pristine", lambda path: configurations.tree(path, size))

    def restore():
        shutil.rmtree(directory)
        shutil.copytree(pristine, directory)

    ours = bench.terrane(["fmt"], directory, prepare=restore)
    restore()
    yield Row("fmt of 20 MB", ours, bench.terraform(["fmt"], directory), ratio_min=10)


def local_values(bench):
    yield from growth(bench, "locals map of", (10_000, 100_000), configurations.locals_map)


def module_calls(bench):
    write = lambda path, count: configurations.modules(path, count, 1)
    yield from growth(bench, "module calls", (1_000, 10_000), write)


def yaml_for_each(bench):
    yield from growth(bench, "for_each of YAML lines", (5_000, 50_000), configurations.yaml_map)


FAST_PLAN = {"ratio_min": 50, "memory_max": 400 * MIB}

CASES = [
    Case("version", version),
    Case(
        "plan-flat",
        plan_case("plan of 10,000 flat", lambda b, path: configurations.flat(path, b.sized(10_000)), **FAST_PLAN),
    ),
    Case(
        "plan-chains",
        plan_case("plan of 10,000 in chains of ten", lambda b, path: configurations.chains(path, b.sized(10_000)), **FAST_PLAN),
    ),
    Case(
        "plan-modules",
        plan_case("plan of 100 modules of 100", lambda b, path: configurations.modules(path, b.sized(100), 100), **FAST_PLAN),
    ),
    Case("apply", apply_2000),
    Case("count", counted),
    Case("validate", validate_tree),
    Case("fmt", format_tree),
    Case("locals", local_values),
    Case("module-calls", module_calls),
    Case("yaml", yaml_for_each),
]
