"""Writes the configurations that are measured."""
import os

# Lines of one generated block of a large tree, for parsing, validating and formatting.
BLOCK = """\
resource "terraform_data" "r{n}" {{
  input = {{
    name     = "service-{n}-${{var.environment}}"
    size     = {n} + 2 * length(local.names)
    tags     = merge(local.tags, {{ index = "{n}", owner = "team-{team}" }})
    enabled  = var.environment == "prod" ? true : false
    zones    = [for zone in ["1", "2", "3"] : "${{zone}}-{n}" if zone != "{n}"]
    policy = jsonencode({{
      Version = "2012-10-17"
      Statement = [{{ Effect = "Allow", Action = ["read", "list"], Resource = "*" }}]
    }})
    text = <<-EOT
      # service {n}
      listen ${{local.port}};
      %{{ if var.environment == "prod" ~}}
      workers 16;
      %{{ else ~}}
      workers 2;
      %{{ endif ~}}
    EOT
  }}
  triggers_replace = [var.environment, {n}]
  lifecycle {{
    create_before_destroy = true
  }}
}}

"""

HEAD = """\
variable "environment" {
  type    = string
  default = "prod"
}

locals {
  names = ["a", "b", "c"]
  tags  = { product = "bench" }
  port  = 8080
}
"""


def write(directory, name, text):
    """Writes one file, making its folder."""
    path = os.path.join(directory, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def flat(directory, count):
    """Resources that have nothing to do with each other."""
    blocks = (f'resource "terraform_data" "r{n}" {{\n  input = "value {n}"\n}}\n' for n in range(count))
    write(directory, "main.tf", "".join(blocks))


def chains(directory, count, length=10):
    """Chains of resources, each of which takes the output of the one before."""
    blocks = []
    for n in range(count):
        value = f"terraform_data.r{n - 1}.output" if n % length else f'"value {n}"'
        blocks.append(f'resource "terraform_data" "r{n}" {{\n  input = {value}\n}}\n')
    write(directory, "main.tf", "".join(blocks))


def modules(directory, calls, resources):
    """Calls of one module with some resources in it."""
    body = "".join(f'resource "terraform_data" "r{n}" {{\n  input = "${{var.name}} {n}"\n}}\n' for n in range(resources))
    write(directory, "part/main.tf", f'variable "name" {{\n  type = string\n}}\n{body}')
    text = "".join(f'module "m{n}" {{\n  source = "./part"\n  name   = "part {n}"\n}}\n' for n in range(calls))
    write(directory, "main.tf", text)


def counted(directory, count):
    """One resource with many instances."""
    write(directory, "main.tf", f'resource "terraform_data" "r" {{\n  count = {count}\n  input = "value ${{count.index}}"\n}}\n')


def tree(directory, size, files=20):
    """About `size` bytes of ordinary configuration in some files."""
    write(directory, "head.tf", HEAD)
    number = 0
    for index in range(files):
        parts, length = [], 0
        while length < size // files:
            block = BLOCK.format(n=number, team=number % 7)
            parts.append(block)
            length += len(block)
            number += 1
        write(directory, f"part{index}.tf", "".join(parts))


def locals_map(directory, count):
    """A map made by for-expressions, read again by others. One call of range() makes 1,024 numbers at most."""
    block = min(count, 1000)
    text = f"""\
locals {{
  numbers = flatten([for block in range({count // block}) : [for n in range({block}) : block * {block} + n]])
  entries = {{ for n in local.numbers : format("key-%06d", n) => {{ number = n, name = "entry ${{n}}", even = n % 2 == 0 }} }}
  even    = {{ for key, entry in local.entries : key => entry if entry.even }}
  names   = [for key in sort(keys(local.even)) : local.entries[key].name]
  groups  = {{ for key, entry in local.entries : tostring(entry.number % 100) => key... }}
  merged  = merge(local.entries, local.even)
}}

output "counts" {{
  value = [length(local.entries), length(local.names), length(local.groups), length(local.merged)]
}}
"""
    write(directory, "main.tf", text)


def yaml_map(directory, lines):
    """Resources for each entry of a YAML file, five lines an entry."""
    entries = (
        f"service-{n}:\n  image: registry.example/{n}:1.{n}\n  replicas: {n % 5}\n  ports: [80, {1000 + n % 5000}]\n"
        f"  labels: {{team: team-{n % 9}, tier: \"{n % 3}\"}}\n"
        for n in range(lines // 5)
    )
    write(directory, "services.yaml", "".join(entries))
    write(
        directory,
        "main.tf",
        'resource "terraform_data" "service" {\n'
        '  for_each = yamldecode(file("${path.module}/services.yaml"))\n'
        "  input    = each.value\n}\n",
    )
