# Plans only: what the inputs turn into, and the refusals, with a provider that answers by itself.

mock_provider "azurerm" {}

variables {
  name                = "redis-test"
  resource_group_name = "rg-test"
  location            = "westeurope"
  subnet_id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-test/providers/Microsoft.Network/virtualNetworks/vnet-test/subnets/endpoints"
  virtual_network_id  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-test/providers/Microsoft.Network/virtualNetworks/vnet-test"
}

run "managed" {
  command = plan

  assert {
    condition     = length(azurerm_managed_redis.this) == 1 && length(azurerm_redis_cache.this) == 0
    error_message = "The managed service is the default."
  }
  assert {
    condition     = azurerm_managed_redis.this[0].public_network_access == "Disabled"
    error_message = "The cache is reached through its private endpoint only."
  }
  assert {
    condition     = azurerm_private_dns_zone.this.name == "privatelink.redis.azure.net"
    error_message = "Each service has a zone of its own."
  }
}

run "cache" {
  command = plan

  variables {
    service = "cache"
    cache   = { sku_name = "Premium", capacity = 2 }
  }

  assert {
    condition     = azurerm_redis_cache.this[0].family == "P" && !azurerm_redis_cache.this[0].non_ssl_port_enabled
    error_message = "Premium is the family P, and nothing goes unencrypted."
  }
  assert {
    condition     = one(azurerm_private_endpoint.this.private_service_connection).subresource_names[0] == "redisCache"
    error_message = "The endpoint is the older service's."
  }
}

run "unknown_service" {
  command         = plan
  expect_failures = [var.service]

  variables {
    service = "enterprise"
  }
}

run "premium_has_no_capacity_0" {
  command         = plan
  expect_failures = [var.cache]

  variables {
    service = "cache"
    cache   = { sku_name = "Premium", capacity = 0 }
  }
}
