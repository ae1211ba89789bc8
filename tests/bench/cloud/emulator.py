"""An emulated Azure of its own for every measurement."""
import json
import os
import subprocess
import time

START_SECONDS_MAX = 20


def environment(more=None):
    """The environment of every program: nothing of the user's cloud, no colours, no questions."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "TERRANE_", "ARM_"))}
    return {**kept, **(more or {}), "NO_COLOR": "1", "TF_INPUT": "0", "TF_IN_AUTOMATION": "1"}


class Emulator:
    """A running emulator; ends with the block that it was made for."""

    def __init__(self, terrane, directory, *options, rules=None):
        os.makedirs(directory, exist_ok=True)
        self.log = os.path.join(directory, "requests.jsonl")
        self.ready = os.path.join(directory, "ready.json")
        command = [terrane, "emulator", "azure", "-json", "-ephemeral", "-request-log", self.log, *options]
        if rules is not None:
            faults = os.path.join(directory, "faults.json")
            with open(faults, "w", encoding="utf-8") as file:
                json.dump({"seed": 7, "rules": rules}, file)
            command += ["-faults", faults]
        with open(self.ready, "wb") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stdin=subprocess.DEVNULL, cwd=directory, env=environment()
            )
        self.environment = self._wait()

    def _wait(self):
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end and self.process.poll() is None:
            with open(self.ready, encoding="utf-8") as file:
                line = file.read()
            if line.endswith("\n"):
                return json.loads(line)["env"]
            time.sleep(0.02)
        raise RuntimeError("the emulator does not start")

    def requests(self):
        """What was asked of the Resource Manager so far, as (method, path, status)."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        asked = [(line["method"], line["url"].split("?")[0], line["status"]) for line in lines]
        return [request for request in asked if request[1].startswith("/subscriptions")]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Workplace:
    """A directory in which terrane works on an emulated Azure."""

    def __init__(self, terrane, emulator, directory):
        self.terrane, self.emulator, self.directory = terrane, emulator, directory

    def run(self, *arguments, expected=(0,)):
        """Runs terrane; returns its wall time in seconds and what it wrote."""
        start = time.perf_counter()
        done = subprocess.run(
            [self.terrane, *arguments],
            cwd=self.directory,
            env=environment(self.emulator.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if done.returncode not in expected:
            tail = (done.stdout + done.stderr)[-3000:]
            raise RuntimeError(f"terrane {' '.join(arguments)} ended with {done.returncode}:\n{tail}")
        return seconds, done.stdout

    def counted(self, *arguments, **options):
        """Runs terrane; returns its wall time and how many requests that took."""
        before = len(self.emulator.requests())
        seconds, _ = self.run(*arguments, **options)
        return seconds, len(self.emulator.requests()) - before
