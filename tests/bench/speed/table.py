"""The table that the benchmark prints."""

MIB = 1024 * 1024
WIDTHS = (34, 10, 9, 9, 11, 9, 9, 0)
TITLES = ("case", "terrane s", "cpu s", "MiB", "terraform s", "MiB", "ratio", "to reach")


class Row:
    """One measured figure.

    `ratio_min` is how many times faster than the other program it has to be, `seconds_max` and `memory_max` (bytes)
    are absolute bounds, `growth_max` bounds an exponent: time as a power of size.
    """

    def __init__(self, name, ours, theirs=None, ratio_min=None, seconds_max=None, memory_max=None, growth=None, growth_max=None):
        self.name, self.ours, self.theirs = name, ours, theirs
        self.ratio_min, self.seconds_max, self.memory_max = ratio_min, seconds_max, memory_max
        self.growth, self.growth_max = growth, growth_max

    def ratio(self):
        """How many times longer the other program took."""
        return self.theirs.wall / self.ours.wall if self.theirs else None

    def missed(self):
        """What was not reached; empty when all is well."""
        missed = []
        if self.ratio_min and self.theirs and self.ratio() < self.ratio_min:
            missed.append("ratio")
        if self.seconds_max and self.ours.wall > self.seconds_max:
            missed.append("time")
        if self.memory_max and self.ours.memory > self.memory_max:
            missed.append("memory")
        if self.growth_max and self.growth > self.growth_max:
            missed.append("growth")
        return missed

    def bounds(self):
        """The figures to reach, in words."""
        parts = []
        if self.ratio_min:
            parts.append(f"ratio ≥ {self.ratio_min:g}")
        if self.seconds_max:
            parts.append(f"< {self.seconds_max:g} s")
        if self.memory_max:
            parts.append(f"< {self.memory_max / MIB:.0f} MiB")
        if self.growth_max:
            parts.append(f"time ~ n^{self.growth:.2f}, at most n^{self.growth_max:g}")
        missed = self.missed()
        verdict = f" MISSED: {', '.join(missed)}" if missed else ""
        return ", ".join(parts) + verdict

    def as_json(self):
        """The row for other programs."""
        figures = lambda run: run and {"wall": run.wall, "cpu": run.cpu, "memory": run.memory}
        return {
            "name": self.name,
            "terrane": figures(self.ours),
            "terraform": figures(self.theirs),
            "ratio": self.ratio(),
            "growth": self.growth,
            "missed": self.missed(),
        }


def print_header():
    """Prints the titles."""
    print_cells(TITLES)


def print_row(row):
    """Prints one row as soon as it is known."""
    theirs = (f"{row.theirs.wall:.2f}", f"{row.theirs.memory / MIB:.0f}") if row.theirs else ("–", "–")
    ratio = f"{row.ratio():.1f}" if row.theirs else "–"
    ours = (f"{row.ours.wall:.3f}", f"{row.ours.cpu:.3f}", f"{row.ours.memory / MIB:.0f}")
    print_cells((row.name, *ours, *theirs, ratio, row.bounds()))


def print_cells(cells):
    first, *rest = cells
    line = first.ljust(WIDTHS[0])
    for cell, width in zip(rest[:-1], WIDTHS[1:]):
        line += cell.rjust(width)
    print(f"{line}  {rest[-1]}", flush=True)
