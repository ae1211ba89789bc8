# Plans only: what the inputs turn into, and the refusals, with a provider that answers by itself.

mock_provider "kind" {}

variables {
  name = "test"
}

run "one_node" {
  command = plan

  assert {
    condition     = length(kind_cluster.this.kind_config[0].node) == 1 && kind_cluster.this.kind_config[0].node[0].role == "control-plane"
    error_message = "By default there is one node."
  }
}

run "three_and_two" {
  command = plan

  variables {
    control_planes = 3
    workers = {
      gateway = { labels = { net = "gateway" }, ports = { https = { container = 443, host = 8443 } } }
      other   = {}
    }
  }

  assert {
    condition     = join(",", kind_cluster.this.kind_config[0].node[*].role) == "control-plane,control-plane,control-plane,worker,worker"
    error_message = "Control planes come first."
  }
  assert {
    condition     = kind_cluster.this.kind_config[0].node[3].labels["net"] == "gateway"
    error_message = "Workers have their labels."
  }
  assert {
    condition     = kind_cluster.this.kind_config[0].node[3].extra_port_mappings[0].listen_address == "127.0.0.1"
    error_message = "Ports are open to this machine only unless said otherwise."
  }
}

run "two_control_planes" {
  command         = plan
  expect_failures = [var.control_planes]

  variables {
    control_planes = 2
  }
}

run "one_port_twice" {
  command         = plan
  expect_failures = [var.workers]

  variables {
    workers = {
      a = { ports = { web = { container = 80, host = 8080 } } }
      b = { ports = { web = { container = 80, host = 8080 } } }
    }
  }
}
