# Makes a server in a network and removes both again: against the emulator, or in a subscription.

provider "azurerm" {
  features {}
}

variables {
  name     = "pg-server-test"
  location = "westeurope"
}

run "group" {
  module {
    source = "../testing/resource-group"
  }
  variables {
    name = "rg-postgres-test"
  }
}

run "network" {
  module {
    source = "../network"
  }
  variables {
    name                = "vnet-postgres-test"
    resource_group_name = run.group.name
    address_space       = ["10.20.0.0/16"]
    subnets             = { postgres = { cidr = "10.20.9.0/24", delegation = "Microsoft.DBforPostgreSQL/flexibleServers" } }
  }
}

run "server" {
  variables {
    resource_group_name = run.group.name
    private_network     = { subnet_id = run.network.subnet_ids["postgres"], virtual_network_id = run.network.id }
    databases           = { superset = {}, airflow = {} }
    configurations      = { "azure.extensions" = "PGCRYPTO" }
  }

  assert {
    condition     = output.fqdn == "pg-server-test.postgres.database.azure.com"
    error_message = "The server's host is named after it."
  }
  assert {
    condition     = endswith(output.urls["airflow"], "@${output.fqdn}:5432/airflow?sslmode=require")
    error_message = "Each database has a URL."
  }
  assert {
    condition     = length(output.administrator_password) == 32
    error_message = "The password is a random one."
  }
}

run "more_storage_changes_in_place" {
  variables {
    resource_group_name = run.group.name
    private_network     = { subnet_id = run.network.subnet_ids["postgres"], virtual_network_id = run.network.id }
    databases           = { superset = {}, airflow = {} }
    configurations      = { "azure.extensions" = "PGCRYPTO" }
    storage_mb          = 65536
  }

  assert {
    condition     = output.administrator_password == run.server.administrator_password
    error_message = "The password stays."
  }
}
