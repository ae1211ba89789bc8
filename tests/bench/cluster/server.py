"""A Kubernetes API of its own that notes every request, and directories in which terrane works on it."""
import json
import os
import shutil
import subprocess
import time

AGENT = "terrane/"


class Server:
    """A running API server; ends with the block that it was made for."""

    def __init__(self, root, directory):
        self.script = os.path.join(root, "tests", "kind_node", "apiserver")
        self.directory = os.path.join(directory, "api")
        self.log = os.path.join(directory, "requests.jsonl")
        self.kubeconfig = os.path.join(self.directory, "kubeconfig")

    def __enter__(self):
        environment = {**os.environ, "APISERVER_AUDIT_LOG": self.log}
        subprocess.run([self.script, "start", self.directory], check=True, env=environment, stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        subprocess.run([self.script, "stop", self.directory], check=False)

    def requests(self, since=0):
        """What terrane has asked since so many requests: (verb, kind, path)."""
        with open(self.log, encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        asked = []
        for event in events:
            if event.get("userAgent", "").startswith(AGENT):
                kind = event.get("objectRef", {}).get("resource", "")
                asked.append((event["verb"], kind, event["requestURI"]))
        return asked[since:]

    def kubectl(self, *arguments):
        command = ["kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Workplace:
    """A directory with a configuration for the server; releases are made by a helm that is counted."""

    def __init__(self, terrane, server, directory, helm):
        self.terrane, self.server, self.directory, self.helm = terrane, server, directory, helm
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        self.calls = os.path.join(directory, "helm-calls")
        self.counted = os.path.join(directory, "helm")
        with open(self.counted, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\necho "$1" >>"{self.calls}"\nexec "{helm}" "$@"\n')
        os.chmod(self.counted, 0o755)

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def helm_calls(self):
        """How often helm was called so far."""
        if not os.path.exists(self.calls):
            return 0
        with open(self.calls, encoding="utf-8") as file:
            return len(file.readlines())

    def run(self, *arguments, expected=(0,)):
        """Runs terrane; returns its wall time in seconds, what it asked the server, and what it wrote."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KUBE", "HELM"))}
        environment = {
            **kept,
            "KUBE_CONFIG_PATH": self.server.kubeconfig,
            "TERRANE_HELM": self.counted,
            "NO_COLOR": "1",
            "TF_INPUT": "0",
        }
        before = len(self.server.requests())
        start = time.perf_counter()
        done = subprocess.run(
            [self.terrane, *arguments],
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if done.returncode not in expected:
            raise RuntimeError(f"terrane {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return seconds, self.server.requests(before), done.stdout
