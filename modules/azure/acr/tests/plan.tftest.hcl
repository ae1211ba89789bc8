# Plans only: what the inputs turn into, and the refusals, with a provider that answers by itself.

mock_provider "azurerm" {}

variables {
  name                = "registrytest"
  resource_group_name = "rg-test"
  location            = "westeurope"
}

run "nobody_by_default" {
  command = plan

  assert {
    condition     = !azurerm_container_registry.this.admin_enabled && length(azurerm_role_assignment.this) == 0
    error_message = "A registry is made without users."
  }
  assert {
    condition     = output.credentials == null && output.dockerconfigjson == null
    error_message = "Without an admin user there are no credentials."
  }
}

run "principals" {
  command = plan

  variables {
    pull_principals = { cluster = "11111111-1111-1111-1111-111111111111" }
    push_principals = { pipeline = "22222222-2222-2222-2222-222222222222" }
  }

  assert {
    condition     = azurerm_role_assignment.this["pull/cluster"].role_definition_name == "AcrPull"
    error_message = "Who pulls gets AcrPull."
  }
  assert {
    condition     = azurerm_role_assignment.this["push/pipeline"].role_definition_name == "AcrPush"
    error_message = "Who pushes gets AcrPush."
  }
}

run "dashes_in_the_name" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "my-registry"
  }
}

run "zones_need_premium" {
  command         = plan
  expect_failures = [var.zone_redundancy_enabled]

  variables {
    zone_redundancy_enabled = true
  }
}
