# Plans only: what the inputs turn into, and the refusals, with providers that answer by themselves.

mock_provider "azurerm" {}
mock_provider "random" {}

variables {
  name                = "pg-test"
  resource_group_name = "rg-test"
  location            = "westeurope"
}

run "public" {
  command = plan

  variables {
    firewall_ranges = { office = { start = "203.0.113.10", end = "203.0.113.20" } }
    databases       = { superset = {} }
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.public_network_access_enabled && length(azurerm_private_dns_zone.this) == 0
    error_message = "Without a private network the server has a public address and no zone."
  }
  assert {
    condition     = azurerm_postgresql_flexible_server_database.this["superset"].collation == "en_US.utf8"
    error_message = "Databases sort as English does."
  }
}

run "private" {
  command = plan

  variables {
    private_network = {
      subnet_id          = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-test/providers/Microsoft.Network/virtualNetworks/vnet-test/subnets/postgres"
      virtual_network_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-test/providers/Microsoft.Network/virtualNetworks/vnet-test"
    }
  }

  assert {
    condition     = !azurerm_postgresql_flexible_server.this.public_network_access_enabled
    error_message = "A server in a private network has no public address."
  }
  assert {
    condition     = azurerm_private_dns_zone.this[0].name == "pg-test.private.postgres.database.azure.com"
    error_message = "The zone is the server's own."
  }
}

run "firewall_in_a_private_network" {
  command         = plan
  expect_failures = [var.firewall_ranges]

  variables {
    private_network = {
      subnet_id          = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-test/providers/Microsoft.Network/virtualNetworks/vnet-test/subnets/postgres"
      virtual_network_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-test/providers/Microsoft.Network/virtualNetworks/vnet-test"
    }
    firewall_ranges = { office = { start = "203.0.113.10", end = "203.0.113.20" } }
  }
}

run "burstable_has_no_standby" {
  command         = plan
  expect_failures = [var.high_availability]

  variables {
    sku_name          = "B_Standard_B2s"
    high_availability = "ZoneRedundant"
  }
}

run "reserved_login" {
  command         = plan
  expect_failures = [var.administrator_login]

  variables {
    administrator_login = "admin"
  }
}

run "odd_storage" {
  command         = plan
  expect_failures = [var.storage_mb]

  variables {
    storage_mb = 40000
  }
}
