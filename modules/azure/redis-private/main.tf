locals {
  # What differs between the services: group id of the private endpoint, the zone that the clients' lookups end in.
  services = {
    managed = { subresource = "redisEnterprise", zone = "privatelink.redis.azure.net" }
    cache   = { subresource = "redisCache", zone = "privatelink.redis.cache.windows.net" }
  }
  service = local.services[var.service]

  id   = var.service == "managed" ? azurerm_managed_redis.this[0].id : azurerm_redis_cache.this[0].id
  host = var.service == "managed" ? azurerm_managed_redis.this[0].hostname : azurerm_redis_cache.this[0].hostname
  port = var.service == "managed" ? azurerm_managed_redis.this[0].default_database[0].port : azurerm_redis_cache.this[0].ssl_port
  key  = var.service == "managed" ? azurerm_managed_redis.this[0].default_database[0].primary_access_key : azurerm_redis_cache.this[0].primary_access_key
}

resource "azurerm_managed_redis" "this" {
  count = var.service == "managed" ? 1 : 0

  name                      = var.name
  resource_group_name       = var.resource_group_name
  location                  = var.location
  sku_name                  = var.managed.sku_name
  high_availability_enabled = var.managed.high_availability
  public_network_access     = "Disabled"
  tags                      = var.tags

  default_database {
    access_keys_authentication_enabled = true
    client_protocol                    = "Encrypted"
    clustering_policy                  = var.managed.clustering_policy
    eviction_policy                    = var.managed.eviction_policy
  }
}

resource "azurerm_redis_cache" "this" {
  count = var.service == "cache" ? 1 : 0

  name                          = var.name
  resource_group_name           = var.resource_group_name
  location                      = var.location
  sku_name                      = var.cache.sku_name
  family                        = var.cache.sku_name == "Premium" ? "P" : "C"
  capacity                      = var.cache.capacity
  non_ssl_port_enabled          = false
  minimum_tls_version           = "1.2"
  public_network_access_enabled = false
  tags                          = var.tags

  redis_configuration {
    maxmemory_policy = var.cache.maxmemory_policy
  }
}

resource "azurerm_private_dns_zone" "this" {
  name                = local.service.zone
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  name                = "link-${var.name}"
  private_dns_zone_id = azurerm_private_dns_zone.this.id
  virtual_network_id  = var.virtual_network_id
  tags                = var.tags
}

resource "azurerm_private_endpoint" "this" {
  name                = "pe-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = var.name
    private_connection_resource_id = local.id
    subresource_names              = [local.service.subresource]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.this.id]
  }
}
