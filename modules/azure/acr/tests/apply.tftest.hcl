# Makes a registry and removes it again: against the emulator, or in a subscription.

provider "azurerm" {
  features {}
}

variables {
  name     = "terraneregistrytest"
  location = "westeurope"
}

run "group" {
  module {
    source = "../testing/resource-group"
  }
  variables {
    name = "rg-registry-test"
  }
}

run "registry" {
  variables {
    resource_group_name = run.group.name
    admin_enabled       = true
  }

  assert {
    condition     = output.login_server == "terraneregistrytest.azurecr.io"
    error_message = "The registry's host is named after it."
  }
  assert {
    condition     = jsondecode(output.dockerconfigjson).auths[output.login_server].username == "terraneregistrytest"
    error_message = "The admin user is named after the registry."
  }
  assert {
    condition     = base64decode(jsondecode(output.dockerconfigjson).auths[output.login_server].auth) == "${output.credentials.username}:${output.credentials.password}"
    error_message = "The pull secret holds the credentials."
  }
}
