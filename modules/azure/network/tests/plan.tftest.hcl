# Plans only: the arithmetic and the refusals, with a provider that answers by itself.

mock_provider "azurerm" {}

variables {
  name                = "vnet-test"
  resource_group_name = "rg-test"
  location            = "westeurope"
  address_space       = ["10.20.0.0/16"]
  service_cidr        = "172.16.0.0/16"
  subnets = {
    nodes = {
      newbits = 6
      netnum  = 0
      nodes = {
        system = { max_count = 3 }
        apps   = { max_count = 10, max_pods = 50, max_surge = "33%" }
      }
    }
    postgres = { cidr = "10.20.4.0/24", delegation = "Microsoft.DBforPostgreSQL/flexibleServers" }
  }
}

run "addresses_add_up" {
  command = plan

  assert {
    condition     = azurerm_subnet.this["nodes"].address_prefixes[0] == "10.20.0.0/22"
    error_message = "The first sixty-fourth of the network belongs to the nodes."
  }
  assert {
    condition     = output.ip_budget["nodes"].needed == (3 + 1) * 31 + (10 + 4) * 51
    error_message = "A node takes its own address and one for each pod, the surge nodes too."
  }
  assert {
    condition     = output.ip_budget["nodes"].available == 1024 - 5
    error_message = "Azure keeps five addresses of each subnet."
  }
  assert {
    condition     = !contains(keys(output.ip_budget), "postgres")
    error_message = "A subnet without nodes has no budget."
  }
  assert {
    condition     = one(azurerm_subnet.this["postgres"].delegation).service_delegation[0].name == "Microsoft.DBforPostgreSQL/flexibleServers"
    error_message = "The database's subnet is delegated to it."
  }
}

run "overlay_needs_one_address_a_node" {
  command = plan

  variables {
    subnets = {
      nodes = {
        cidr             = "10.20.0.0/28"
        pods_from_subnet = false
        nodes            = { system = { max_count = 9, max_pods = 250, max_surge = "2" } }
      }
    }
  }

  assert {
    condition     = output.ip_budget["nodes"].needed == 11 && output.ip_budget["nodes"].available == 11
    error_message = "With an overlay, nine nodes and two surge nodes fit into a /28 exactly."
  }
}

run "one_node_too_many" {
  command         = plan
  expect_failures = [azurerm_subnet.this["nodes"]]

  variables {
    subnets = {
      nodes = {
        cidr             = "10.20.0.0/28"
        pods_from_subnet = false
        nodes            = { system = { max_count = 10, max_surge = "2" } }
      }
    }
  }
}

run "one_bit_too_small" {
  command         = plan
  expect_failures = [azurerm_subnet.this["nodes"]]

  variables {
    subnets = { nodes = { newbits = 7, netnum = 0, nodes = { apps = { max_count = 16 } } } }
  }
}

run "overlapping_subnets" {
  command         = plan
  expect_failures = [azurerm_virtual_network.this]

  variables {
    subnets = { wide = { cidr = "10.20.0.0/22" }, inside = { cidr = "10.20.3.0/24" } }
  }
}

run "subnet_outside" {
  command         = plan
  expect_failures = [azurerm_virtual_network.this]

  variables {
    subnets = { elsewhere = { cidr = "10.21.0.0/24" } }
  }
}

run "service_range_meets_the_network" {
  command         = plan
  expect_failures = [azurerm_virtual_network.this]

  variables {
    service_cidr = "10.20.128.0/17"
  }
}

run "cidr_or_place_not_both" {
  command         = plan
  expect_failures = [var.subnets]

  variables {
    subnets = { both = { cidr = "10.20.0.0/24", newbits = 8, netnum = 0 } }
  }
}

run "no_network" {
  command         = plan
  expect_failures = [var.address_space]

  variables {
    address_space = ["10.20.0.0"]
    subnets       = {}
  }
}

run "rules_make_a_security_group" {
  command = plan

  variables {
    subnets = {
      endpoints = {
        cidr           = "10.20.8.0/24"
        security_rules = { redis = { priority = 100, ports = ["6380", "10000"] }, others = { priority = 4000, access = "Deny" } }
      }
      plain = { cidr = "10.20.9.0/24" }
    }
  }

  assert {
    condition     = join(",", keys(azurerm_network_security_group.this)) == "endpoints"
    error_message = "Only a subnet with rules gets a security group."
  }
  assert {
    condition     = azurerm_network_security_rule.this["endpoints/redis"].destination_port_ranges == toset(["6380", "10000"])
    error_message = "Several ports are a list."
  }
  assert {
    condition     = azurerm_network_security_rule.this["endpoints/others"].destination_port_range == "*"
    error_message = "One port, or all, is a text."
  }
}
