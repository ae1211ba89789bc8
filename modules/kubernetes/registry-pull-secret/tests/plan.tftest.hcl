# Plans only: what the inputs turn into, and the refusals, with a provider that answers by itself.

mock_provider "kubernetes" {}

variables {
  dockerconfigjson = "{\"auths\": {\"registry.example\": {\"auth\": \"YTpi\"}}}"
  namespaces       = ["dev", "test"]
}

run "one_for_each_namespace" {
  command = plan

  assert {
    condition     = length(kubernetes_secret_v1.this) == 2 && kubernetes_secret_v1.this["dev"].type == "kubernetes.io/dockerconfigjson"
    error_message = "Each namespace has the secret."
  }
}

run "no_json" {
  command         = plan
  expect_failures = [var.dockerconfigjson]

  variables {
    dockerconfigjson = "user:password"
  }
}
