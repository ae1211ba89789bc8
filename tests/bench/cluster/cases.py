"""What is measured on a Kubernetes API, and the figures to reach."""
import collections
import json
import os

from cloud.cases import Figure

from .server import Server, Workplace

APPLY = ("apply", "-auto-approve", "-input=false", "-parallelism=30")
PLAN = ("plan", "-input=false", "-detailed-exitcode")
REFRESH = ("plan", "-refresh-only", "-input=false", "-detailed-exitcode")
DESTROY = ("destroy", "-auto-approve", "-input=false", "-parallelism=30")
RUNS = 3
KUBECTL = 'terraform {\n  required_providers {\n    kubectl = { source = "gavinbunney/kubectl" }\n  }\n}\n'


class Bench:
    """Where a case works and what it measures."""

    def __init__(self, root, terrane, helm, directory):
        self.root, self.terrane, self.helm, self.directory = root, terrane, helm, directory

    def server(self):
        return Server(self.root, self.directory)

    def workplace(self, server):
        return Workplace(self.terrane, server, os.path.join(self.directory, "work"), self.helm)


def best(work, *arguments, expected=(0,)):
    """The shortest of some runs: what else the machine does is none of the program's doing."""
    return min((work.run(*arguments, expected=expected) for _ in range(RUNS)), key=lambda run: run[0])


def thousand_objects():
    """1,000 objects of six kinds in four namespaces, in the words of every resource type that there is for them."""
    typed = lambda kind, count, body: (
        f'resource "kubernetes_{kind}_v1" "typed" {{\n  count = {count}\n  metadata {{\n    name      = "{kind.replace("_", "-")}-${{count.index}}"\n'
        f'    namespace = kubernetes_namespace_v1.all[count.index % 4].metadata[0].name\n  }}\n{body}}}\n'
    )
    return KUBECTL + (
        'resource "kubernetes_namespace_v1" "all" {\n  count = 4\n  metadata { name = "bench-${count.index}" }\n}\n'
        + typed("config_map", 200, '  data = { text = "value ${count.index}" }\n')
        + typed("secret", 150, '  data = { text = "value ${count.index}" }\n')
        + typed("service", 100, '  spec {\n    selector = { app = "a" }\n    port { port = 80 }\n  }\n')
        + """
resource "kubernetes_manifest" "account" {
  count = 196
  manifest = {
    apiVersion = "v1"
    kind       = "ServiceAccount"
    metadata   = { name = "account-${count.index}", namespace = kubernetes_namespace_v1.all[count.index % 4].metadata[0].name }
  }
}
resource "kubectl_manifest" "role" {
  count = 200
  yaml_body = yamlencode({
    apiVersion = "rbac.authorization.k8s.io/v1"
    kind       = "Role"
    metadata   = { name = "role-${count.index}", namespace = kubernetes_namespace_v1.all[count.index % 4].metadata[0].name }
    rules      = [{ apiGroups = [""], resources = ["pods"], verbs = ["get"] }]
  })
}
resource "kubernetes_labels" "role" {
  count       = 150
  api_version = "rbac.authorization.k8s.io/v1"
  kind        = "Role"
  metadata {
    name      = kubectl_manifest.role[count.index].name
    namespace = kubectl_manifest.role[count.index].namespace
  }
  labels      = { part = "bench" }
  force       = true
}
"""
    )


def refresh(bench):
    """1,000 objects are read by a list or two for each kind."""
    with bench.server() as server:
        work = bench.workplace(server)
        work.write("main.tf", thousand_objects())
        work.run(*APPLY)
        seconds, asked, _ = best(work, *REFRESH)
        by_kind = collections.Counter(kind for _, kind, _ in asked if kind)
        most = by_kind.most_common(1)[0]
        yield Figure(f"1,000 objects: most requests for a kind ({most[0]})", most[1], 2, "requests")
        yield Figure("1,000 objects: refresh", seconds, 1.0, "s")
        seconds, asked, _ = best(work, *PLAN)
        yield Figure("1,000 objects: empty plan", seconds, 3.0, "s")
        server.kubectl("-n", "bench-0", "label", "role", "role-0", "part=theirs", "--overwrite")
        _, _, said = work.run(*PLAN, expected=(2,))
        yield Figure("1,000 objects: changes where one label is another", said.count("will be updated"), 1, "changes")


def definition(number, size):
    """A definition of a kind whose JSON has about `size` bytes."""
    text = "What this field is for, in the words of those who have made it, who had much to say about it. " * 3
    fields = {f"field{at}": {"type": "string", "description": f"{at}: {text}"} for at in range(size // 340)}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}
    names = {"kind": f"Thing{number}", "plural": f"things{number}", "singular": f"thing{number}"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things{number}.bench.example.org"},
        "spec": {"group": "bench.example.org", "scope": "Namespaced", "names": names, "versions": [version]},
    }


def deployment(number):
    labels = {"app.kubernetes.io/name": f"web-{number}", "app.kubernetes.io/part-of": "bench"}
    container = {
        "name": "web",
        "image": "registry.example.org/web:1.2.3",
        "env": [{"name": f"SETTING_{at}", "value": f"value {at}"} for at in range(20)],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": f"web-{number}", "namespace": "default", "labels": labels}, "spec": spec}


def plain(kind, number, **more):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": f"{kind.lower()}-{number}", "namespace": "default"}, **more}


def dry_run(bench):
    """650 objects of the size that charts have are planned with a dry run of each, twice."""
    objects = [definition(number, 466_000) for number in range(4)] + [definition(10 + number, 60_000) for number in range(26)]
    objects += [deployment(number) for number in range(220)]
    objects += [plain("ConfigMap", number, data={"dashboard.json": "x" * 20_000}) for number in range(100)]
    objects += [plain("Secret", number, stringData={"password": "p"}) for number in range(80)]
    objects += [plain("Service", number, spec={"ports": [{"port": 80}], "selector": {"app": "a"}}) for number in range(140)]
    objects += [plain("ServiceAccount", number) for number in range(80)]
    with bench.server() as server:
        work = bench.workplace(server)
        for at, item in enumerate(objects):
            work.write(f"objects/{at:03}.json", json.dumps(item))
        work.write("main.tf", KUBECTL + """
resource "kubectl_manifest" "all" {
  for_each  = fileset("${path.module}/objects", "*.json")
  yaml_body = file("${path.module}/objects/${each.key}")
}
""")
        seconds, asked, _ = best(work, *PLAN, expected=(2,))
        tried = sum(1 for verb, _, path in asked if verb == "patch" and "dryRun=All" in path)
        yield Figure("650 objects: dry runs of a plan", tried, 650, "requests", at_least=True)
        yield Figure("650 objects as YAML: plan with dry run", seconds, 10.0, "s")
        work.write("main.tf", """
resource "kubernetes_manifest" "all" {
  for_each = { for name in fileset("${path.module}/objects", "*.json") : name => jsondecode(file("${path.module}/objects/${name}")) if !can(regex("stringData", file("${path.module}/objects/${name}"))) }
  manifest = each.value
}
""")
        seconds, asked, _ = best(work, *PLAN, expected=(2,))
        yield Figure("570 objects as manifests: plan with dry run", seconds, 10.0, "s")


CHART = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "values.yaml": "replicas: 1\ntext: hello\n",
    "templates/all.yaml": "".join(
        f"---\napiVersion: v1\nkind: {kind}\nmetadata:\n  name: {{{{ .Release.Name }}}}\n{rest}"
        for kind, rest in [
            ("ConfigMap", "data:\n  text: {{ .Values.text }}\n"),
            ("Secret", "stringData:\n  password: x\n"),
            ("ServiceAccount", ""),
            ("Service", "spec:\n  ports:\n    - port: 80\n"),
        ]
    )
    + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  replicas: {{ .Values.replicas }}\n"
    "  selector:\n    matchLabels:\n      app: {{ .Release.Name }}\n  template:\n    metadata:\n      labels:\n        app: {{ .Release.Name }}\n"
    "    spec:\n      containers:\n        - name: web\n          image: web:1\n",
    # What makes the records of releases as big as those of real charts.
    "files/dashboard.json": json.dumps([os.urandom(60).hex() for _ in range(800)]),
}


def releases(bench):
    """50 releases are read without helm, and planned without it where nothing changes."""
    with bench.server() as server:
        work = bench.workplace(server)
        for name, text in CHART.items():
            work.write(f"chart/{name}", text)
        work.write("main.tf", """
variable "text" { default = "hello" }
provider "helm" {}
resource "helm_release" "all" {
  count     = 50
  name      = "web-${count.index}"
  namespace = "default"
  chart     = "${path.module}/chart"
  wait      = false
  values    = [yamlencode({ text = count.index == 0 ? var.text : "hello" })]
}
""")
        work.run(*APPLY)
        before = work.helm_calls()
        seconds, asked, _ = best(work, *REFRESH)
        yield Figure("50 releases: refresh", seconds * 1000, 300.0, "ms")
        yield Figure("50 releases: requests of a refresh", len(asked), 120, "requests")
        seconds, _, _ = best(work, *PLAN)
        yield Figure("50 releases: empty plan", seconds, 1.0, "s")
        yield Figure("50 releases: helm processes of refreshes and empty plans", work.helm_calls() - before, 0, "processes")
        before = work.helm_calls()
        work.run(*PLAN, "-var", "text=other", expected=(2,))
        yield Figure("50 releases: helm processes where one changes", work.helm_calls() - before, 2, "processes")


CASES = {"refresh": refresh, "dry_run": dry_run, "releases": releases}
