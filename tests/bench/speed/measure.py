"""Runs programs and takes their wall time, processor time and peak memory from the operating system."""
import os
import shutil
import statistics
import subprocess
import tempfile
import time

# Seconds after which a program counts as hung.
TIME_LIMIT = 1800


class ProgramFailed(Exception):
    """A program ended with a status that the case does not expect."""


class Figures:
    """What one run used: seconds and bytes."""

    def __init__(self, wall, cpu, memory):
        self.wall, self.cpu, self.memory = wall, cpu, memory


def environment():
    """The environment of every measured program: nothing of the user's, no colours, no questions."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "TOFU_"))}
    kept.update(
        CHECKPOINT_DISABLE="1", NO_COLOR="1", TF_INPUT="0", TF_IN_AUTOMATION="1", TF_CLI_CONFIG_FILE=os.devnull
    )
    return kept


def once(command, directory, expected):
    """Runs a command in a directory and returns its figures.

    Output goes to a file rather than into a pipe, so that no reader takes part in the measurement.
    """
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=directory, env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        # wait4 gives the usage of this very child; getrusage would give the maximum of all children so far.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in expected:
            output.seek(max(0, output.seek(0, os.SEEK_END) - 2000))
            tail = output.read().decode("utf-8", "replace")
            raise ProgramFailed(f"{' '.join(command)} ended with {process.returncode}:\n{tail}")
    return Figures(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def median(runs):
    """The median of each figure by itself."""
    return Figures(
        statistics.median(run.wall for run in runs),
        statistics.median(run.cpu for run in runs),
        max(run.memory for run in runs),
    )


class Bench:
    """What a case works with: its directories and the two programs."""

    def __init__(self, directory, name, terrane, terraform, runs, scale):
        self.directory = os.path.join(directory, name)
        self.terrane_path, self.terraform_path = terrane, terraform
        self.runs, self.scale = runs, scale

    def sized(self, count):
        """A count as it is at the chosen scale."""
        return max(1, round(count * self.scale))

    def fresh(self, label, write):
        """Makes a directory and fills it by `write(directory)`."""
        path = os.path.join(self.directory, label)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        write(path)
        return path

    def terrane(self, arguments, directory, expected=(0,), prepare=None, runs=None):
        """Runs terrane some times; `prepare()` puts the directory back before each run."""
        figures = []
        for _ in range(runs or self.runs):
            if prepare:
                prepare()
            figures.append(once([self.terrane_path, *arguments], directory, expected))
        return median(figures)

    def terraform(self, arguments, directory, expected=(0,)):
        """Runs terraform once, after `init` where it has not been there; None without terraform."""
        if not self.terraform_path:
            return None
        if not os.path.isdir(os.path.join(directory, ".terraform")) and arguments[0] != "fmt":
            once([self.terraform_path, "init", "-input=false"], directory, (0,))
        return once([self.terraform_path, *arguments], directory, expected)


def remove(directory, *names):
    """Removes files that a run has left."""
    for name in names:
        path = os.path.join(directory, name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)
