# Makes the network and removes it again: against the emulator, or in a subscription.

provider "azurerm" {
  features {}
}

variables {
  name          = "vnet-network-test"
  address_space = ["10.20.0.0/16"]
  location      = "westeurope"
  subnets = {
    nodes     = { newbits = 6, netnum = 0, nodes = { system = { max_count = 3 } } }
    endpoints = { cidr = "10.20.8.0/24", security_rules = { redis = { priority = 100, ports = ["6380"] } } }
    postgres  = { cidr = "10.20.9.0/24", delegation = "Microsoft.DBforPostgreSQL/flexibleServers" }
  }
}

run "group" {
  module {
    source = "../testing/resource-group"
  }
  variables {
    name = "rg-network-test"
  }
}

run "network" {
  variables {
    resource_group_name = run.group.name
  }

  assert {
    condition     = endswith(output.subnet_ids["endpoints"], "/virtualNetworks/vnet-network-test/subnets/endpoints")
    error_message = "Subnets are parts of the network."
  }
  assert {
    condition     = output.subnet_cidrs["nodes"] == "10.20.0.0/22"
    error_message = "The nodes' subnet is the first /22."
  }
}

run "one_more_rule_changes_nothing_else" {
  variables {
    resource_group_name = run.group.name
    subnets = {
      nodes     = { newbits = 6, netnum = 0, nodes = { system = { max_count = 3 } } }
      endpoints = { cidr = "10.20.8.0/24", security_rules = { redis = { priority = 100, ports = ["6380", "10000"] } } }
      postgres  = { cidr = "10.20.9.0/24", delegation = "Microsoft.DBforPostgreSQL/flexibleServers" }
    }
  }

  assert {
    condition     = output.subnet_ids == run.network.subnet_ids
    error_message = "A security rule changes in place."
  }
}
