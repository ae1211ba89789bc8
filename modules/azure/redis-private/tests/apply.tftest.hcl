# Makes a cache of each service and removes them again: against the emulator, or in a subscription.

provider "azurerm" {
  features {}
}

variables {
  location = "westeurope"
}

run "group" {
  module {
    source = "../testing/resource-group"
  }
  variables {
    name = "rg-redis-test"
  }
}

run "network" {
  module {
    source = "../network"
  }
  variables {
    name                = "vnet-redis-test"
    resource_group_name = run.group.name
    address_space       = ["10.20.0.0/16"]
    subnets             = { endpoints = { cidr = "10.20.8.0/24" } }
  }
}

run "managed" {
  variables {
    name                = "redis-managed-test"
    resource_group_name = run.group.name
    subnet_id           = run.network.subnet_ids["endpoints"]
    virtual_network_id  = run.network.id
  }

  assert {
    condition     = output.private_ip == "10.20.8.4"
    error_message = "The endpoint has the subnet's first free address."
  }
  assert {
    condition     = output.port == 10000 && endswith(output.url, "@${output.host}:10000/0")
    error_message = "The managed service listens on port 10000."
  }
}

run "cache" {
  variables {
    name                = "redis-cache-test"
    service             = "cache"
    resource_group_name = run.group.name
    subnet_id           = run.network.subnet_ids["endpoints"]
    virtual_network_id  = run.network.id
  }

  assert {
    condition     = output.port == 6380 && output.host == "redis-cache-test.redis.cache.windows.net"
    error_message = "The older service listens on port 6380."
  }
}
