# Plans only: what the inputs turn into, and the refusals, with a provider that answers by itself.

mock_provider "kubernetes" {}

variables {
  name = "team"
}

run "closed_by_default" {
  command = plan

  assert {
    condition     = kubernetes_network_policy_v1.default_deny[0].spec[0].policy_types == tolist(["Ingress", "Egress"])
    error_message = "Nothing comes in or goes out."
  }
  assert {
    condition     = kubernetes_network_policy_v1.default_deny[0].spec[0].egress[0].ports[0].port == "53"
    error_message = "Names can be looked up."
  }
  assert {
    condition     = length(kubernetes_resource_quota_v1.this) == 0 && length(kubernetes_limit_range_v1.this) == 0
    error_message = "Without bounds there are no objects for them."
  }
}

run "rules" {
  command = plan

  variables {
    quota            = { "requests.cpu" = "8", "pods" = "50" }
    container_limits = { default_request = { cpu = "100m", memory = "128Mi" } }
    allow = {
      minio  = { direction = "egress", namespace_labels = { team = "storage" }, ports = { s3 = 9000 } }
      office = { direction = "ingress", cidr = "203.0.113.0/24" }
    }
  }

  assert {
    condition     = kubernetes_network_policy_v1.allow["minio"].spec[0].egress[0].ports[0].port == "9000"
    error_message = "A rule has its ports."
  }
  assert {
    condition     = kubernetes_network_policy_v1.allow["office"].spec[0].policy_types[0] == "Ingress" && length(kubernetes_network_policy_v1.allow["office"].spec[0].ingress[0].ports) == 0
    error_message = "A rule without ports is for all."
  }
  assert {
    condition     = kubernetes_resource_quota_v1.this[0].spec[0].hard["pods"] == "50"
    error_message = "The quota is what was given."
  }
}

run "sideways" {
  command         = plan
  expect_failures = [var.allow]

  variables {
    allow = { wrong = { direction = "both" } }
  }
}

run "labels_and_range" {
  command         = plan
  expect_failures = [var.allow]

  variables {
    allow = { wrong = { direction = "ingress", cidr = "10.0.0.0/8", pod_labels = { a = "b" } } }
  }
}
