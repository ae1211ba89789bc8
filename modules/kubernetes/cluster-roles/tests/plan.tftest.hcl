# Plans only: what the inputs turn into, and the refusals, with a provider that answers by itself.

mock_provider "kubernetes" {}

variables {
  admins  = [{ kind = "Group", name = "platform" }]
  viewers = [{ kind = "User", name = "ada" }, { kind = "ServiceAccount", name = "bot", namespace = "ci" }]
}

run "everywhere" {
  command = plan

  assert {
    condition     = join(",", keys(kubernetes_cluster_role_binding_v1.this)) == "admin,view" && length(kubernetes_role_binding_v1.this) == 0
    error_message = "Roles that nobody has are bound nowhere."
  }
  assert {
    condition     = kubernetes_cluster_role_binding_v1.this["view"].subject[1].namespace == "ci"
    error_message = "A service account has its namespace."
  }
}

run "in_two_namespaces" {
  command = plan

  variables {
    namespaces = ["dev", "test"]
  }

  assert {
    condition     = length(kubernetes_role_binding_v1.this) == 4 && length(kubernetes_cluster_role_binding_v1.this) == 0
    error_message = "Two roles in two namespaces are four bindings."
  }
  assert {
    condition     = kubernetes_role_binding_v1.this["dev/view"].role_ref[0].name == "view"
    error_message = "The bindings are to Kubernetes' own roles."
  }
}

run "unknown_kind" {
  command         = plan
  expect_failures = [var.editors]

  variables {
    editors = [{ kind = "Robot", name = "r2" }]
  }
}
