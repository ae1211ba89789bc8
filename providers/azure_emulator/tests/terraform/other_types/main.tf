# The types that the platforms leave out.

terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }
}

provider "azurerm" {
  features {}
}

variable "prefix" {
  type    = string
  default = "terraneother"
}

variable "environment" {
  type    = string
  default = "test"
}

locals {
  location = azurerm_resource_group.all.location
  group    = azurerm_resource_group.all.name
  tags     = { environment = var.environment }
}

data "azurerm_client_config" "current" {}

resource "azurerm_resource_group" "all" {
  name     = "rg-other"
  location = "North Europe"
  tags     = local.tags
}

# Networks.

resource "azurerm_virtual_network" "hub" {
  name                = "hub"
  location            = local.location
  resource_group_name = local.group
  address_space       = ["10.1.0.0/16", "fd00:1::/48"]
  dns_servers         = ["10.1.0.4"]
  tags                = local.tags
}

resource "azurerm_virtual_network" "spoke" {
  name                = "spoke"
  location            = local.location
  resource_group_name = local.group
  address_space       = ["10.2.0.0/16"]
}

resource "azurerm_virtual_network_peering" "to_spoke" {
  name                      = "to-spoke"
  resource_group_name       = local.group
  virtual_network_name      = azurerm_virtual_network.hub.name
  remote_virtual_network_id = azurerm_virtual_network.spoke.id
  allow_forwarded_traffic   = true
}

resource "azurerm_virtual_network_peering" "to_hub" {
  name                      = "to-hub"
  resource_group_name       = local.group
  virtual_network_name      = azurerm_virtual_network.spoke.name
  remote_virtual_network_id = azurerm_virtual_network.hub.id
}

resource "azurerm_subnet" "gateway" {
  name                 = "gateway"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.hub.name
  address_prefixes     = ["10.1.1.0/24"]
}

resource "azurerm_subnet" "endpoints" {
  name                 = "endpoints"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.hub.name
  address_prefixes     = ["10.1.2.0/24"]
}

resource "azurerm_route_table" "spoke" {
  name                          = "spoke"
  location                      = local.location
  resource_group_name           = local.group
  bgp_route_propagation_enabled = false
}

resource "azurerm_route" "firewall" {
  name                   = "firewall"
  resource_group_name    = local.group
  route_table_name       = azurerm_route_table.spoke.name
  address_prefix         = "0.0.0.0/0"
  next_hop_type          = "VirtualAppliance"
  next_hop_in_ip_address = "10.1.0.4"
}

resource "azurerm_subnet_route_table_association" "endpoints" {
  subnet_id      = azurerm_subnet.endpoints.id
  route_table_id = azurerm_route_table.spoke.id
}

resource "azurerm_public_ip_prefix" "outbound" {
  name                = "outbound"
  location            = local.location
  resource_group_name = local.group
  prefix_length       = 30
}

resource "azurerm_public_ip" "addresses" {
  for_each            = toset(["nat", "balancer", "application"])
  name                = "ip-${each.key}"
  location            = local.location
  resource_group_name = local.group
  allocation_method   = "Static"
  sku                 = "Standard"
  tags                = local.tags
}

resource "azurerm_nat_gateway" "outbound" {
  name                    = "outbound"
  location                = local.location
  resource_group_name     = local.group
  sku_name                = "Standard"
  idle_timeout_in_minutes = 10
}

resource "azurerm_nat_gateway_public_ip_association" "outbound" {
  nat_gateway_id       = azurerm_nat_gateway.outbound.id
  public_ip_address_id = azurerm_public_ip.addresses["nat"].id
}

resource "azurerm_nat_gateway_public_ip_prefix_association" "outbound" {
  nat_gateway_id      = azurerm_nat_gateway.outbound.id
  public_ip_prefix_id = azurerm_public_ip_prefix.outbound.id
}

resource "azurerm_subnet_nat_gateway_association" "endpoints" {
  subnet_id      = azurerm_subnet.endpoints.id
  nat_gateway_id = azurerm_nat_gateway.outbound.id
}

resource "azurerm_network_interface" "machine" {
  name                = "machine"
  location            = local.location
  resource_group_name = local.group

  ip_configuration {
    name                          = "internal"
    subnet_id                     = azurerm_subnet.endpoints.id
    private_ip_address_allocation = "Dynamic"
  }
}

# Load balancing.

resource "azurerm_lb" "balancer" {
  name                = "balancer"
  location            = local.location
  resource_group_name = local.group
  sku                 = "Standard"

  frontend_ip_configuration {
    name                 = "public"
    public_ip_address_id = azurerm_public_ip.addresses["balancer"].id
  }
}

resource "azurerm_lb_backend_address_pool" "web" {
  name            = "web"
  loadbalancer_id = azurerm_lb.balancer.id
}

resource "azurerm_lb_probe" "web" {
  name            = "web"
  loadbalancer_id = azurerm_lb.balancer.id
  protocol        = "Http"
  port            = 80
  request_path    = "/health"
}

resource "azurerm_lb_rule" "web" {
  name                           = "web"
  loadbalancer_id                = azurerm_lb.balancer.id
  protocol                       = "Tcp"
  frontend_port                  = 80
  backend_port                   = 8080
  frontend_ip_configuration_name = "public"
  backend_address_pool_ids       = [azurerm_lb_backend_address_pool.web.id]
  probe_id                       = azurerm_lb_probe.web.id
  disable_outbound_snat          = true
}

resource "azurerm_lb_nat_rule" "ssh" {
  name                           = "ssh"
  resource_group_name            = local.group
  loadbalancer_id                = azurerm_lb.balancer.id
  protocol                       = "Tcp"
  frontend_port                  = 2222
  backend_port                   = 22
  frontend_ip_configuration_name = "public"
}

resource "azurerm_lb_outbound_rule" "web" {
  name                    = "web-out"
  loadbalancer_id         = azurerm_lb.balancer.id
  protocol                = "All"
  backend_address_pool_id = azurerm_lb_backend_address_pool.web.id

  frontend_ip_configuration {
    name = "public"
  }
}

resource "azurerm_application_gateway" "web" {
  name                = "web"
  location            = local.location
  resource_group_name = local.group
  tags                = local.tags

  sku {
    name     = "Standard_v2"
    tier     = "Standard_v2"
    capacity = 1
  }

  gateway_ip_configuration {
    name      = "gateway"
    subnet_id = azurerm_subnet.gateway.id
  }

  frontend_port {
    name = "http"
    port = 80
  }

  frontend_ip_configuration {
    name                 = "public"
    public_ip_address_id = azurerm_public_ip.addresses["application"].id
  }

  backend_address_pool {
    name         = "pods"
    ip_addresses = ["10.2.0.10"]
  }

  backend_http_settings {
    name                  = "http"
    cookie_based_affinity = "Disabled"
    port                  = 8088
    protocol              = "Http"
    request_timeout       = 30
  }

  http_listener {
    name                           = "http"
    frontend_ip_configuration_name = "public"
    frontend_port_name             = "http"
    protocol                       = "Http"
  }

  request_routing_rule {
    name                       = "all"
    priority                   = 10
    rule_type                  = "Basic"
    http_listener_name         = "http"
    backend_address_pool_name  = "pods"
    backend_http_settings_name = "http"
  }
}

# Names.

resource "azurerm_private_dns_zone" "internal" {
  name                = "internal.example.com"
  resource_group_name = local.group
}

resource "azurerm_private_dns_a_record" "db" {
  name                = "db"
  private_dns_zone_id = azurerm_private_dns_zone.internal.id
  ttl                 = 300
  records             = ["10.1.2.10", "10.1.2.11"]
}

resource "azurerm_private_dns_cname_record" "database" {
  name                = "database"
  private_dns_zone_id = azurerm_private_dns_zone.internal.id
  ttl                 = 300
  record              = "db.internal.example.com"
}

resource "azurerm_dns_zone" "public" {
  name                = "other.example.com"
  resource_group_name = local.group
}

resource "azurerm_dns_cname_record" "www" {
  name                = "www"
  zone_name           = azurerm_dns_zone.public.name
  resource_group_name = local.group
  ttl                 = 300
  record              = "web.other.example.com"
}

# Data.

resource "azurerm_managed_redis" "cache" {
  name                = "${var.prefix}-managed"
  location            = local.location
  resource_group_name = local.group
  sku_name            = "Balanced_B1"

  default_database {
    access_keys_authentication_enabled = true
    eviction_policy                    = "AllKeysLRU"
  }
}

resource "azurerm_private_endpoint" "managed_redis" {
  name                = "managed-redis"
  location            = local.location
  resource_group_name = local.group
  subnet_id           = azurerm_subnet.endpoints.id

  private_service_connection {
    name                           = "redis"
    private_connection_resource_id = azurerm_managed_redis.cache.id
    subresource_names              = ["redisEnterprise"]
    is_manual_connection           = false
  }
}

resource "azurerm_redis_cache" "cache" {
  name                = "${var.prefix}-redis"
  location            = local.location
  resource_group_name = local.group
  capacity            = 1
  family              = "P"
  sku_name            = "Premium"
  shard_count         = 1

  patch_schedule {
    day_of_week    = "Sunday"
    start_hour_utc = 3
  }
}

resource "azurerm_redis_firewall_rule" "office" {
  name                = "office"
  redis_cache_name    = azurerm_redis_cache.cache.name
  resource_group_name = local.group
  start_ip            = "203.0.113.1"
  end_ip              = "203.0.113.9"
}

resource "azurerm_postgresql_flexible_server" "server" {
  name                = "${var.prefix}-pg"
  location            = local.location
  resource_group_name = local.group
  version             = "17"
  storage_mb          = 65536
  sku_name            = "MO_Standard_E4ds_v5"

  authentication {
    active_directory_auth_enabled = true
    password_auth_enabled         = false
    tenant_id                     = data.azurerm_client_config.current.tenant_id
  }

  high_availability {
    mode = "ZoneRedundant"
  }

  maintenance_window {
    day_of_week  = 0
    start_hour   = 4
    start_minute = 30
  }

  lifecycle {
    ignore_changes = [zone, high_availability[0].standby_availability_zone]
  }
}

resource "azurerm_postgresql_flexible_server_active_directory_administrator" "me" {
  server_name         = azurerm_postgresql_flexible_server.server.name
  resource_group_name = local.group
  tenant_id           = data.azurerm_client_config.current.tenant_id
  object_id           = data.azurerm_client_config.current.object_id
  principal_name      = "deployer"
  principal_type      = "ServicePrincipal"
}

resource "azurerm_storage_account" "lake" {
  name                            = "${var.prefix}lake"
  location                        = local.location
  resource_group_name             = local.group
  account_tier                    = "Standard"
  account_replication_type        = "ZRS"
  is_hns_enabled                  = true
  allow_nested_items_to_be_public = false
  tags                            = local.tags

  blob_properties {
    delete_retention_policy {
      days = 7
    }
  }
}

resource "azurerm_storage_container" "bronze" {
  name               = "bronze"
  storage_account_id = azurerm_storage_account.lake.id
  metadata           = { layer = "bronze" }
}

resource "azurerm_storage_account_network_rules" "lake" {
  storage_account_id = azurerm_storage_account.lake.id
  default_action     = "Deny"
  ip_rules           = ["203.0.113.1"]
  bypass             = ["AzureServices"]
}

# Secrets, access and monitoring.

resource "azurerm_key_vault" "vault" {
  name                       = "${var.prefix}-kv"
  location                   = local.location
  resource_group_name        = local.group
  tenant_id                  = data.azurerm_client_config.current.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = false
  tags                       = local.tags
}

resource "azurerm_key_vault_access_policy" "me" {
  key_vault_id       = azurerm_key_vault.vault.id
  tenant_id          = data.azurerm_client_config.current.tenant_id
  object_id          = data.azurerm_client_config.current.object_id
  secret_permissions = ["Get", "List", "Set", "Delete", "Purge", "Recover"]
}

resource "azurerm_key_vault_secret" "database" {
  name         = "database-password"
  value        = "of no use elsewhere: ${var.environment}"
  key_vault_id = azurerm_key_vault.vault.id
  content_type = "password"

  depends_on = [azurerm_key_vault_access_policy.me]
}

resource "azurerm_user_assigned_identity" "app" {
  name                = "app"
  location            = local.location
  resource_group_name = local.group
}

resource "azurerm_role_definition" "reader" {
  name  = "Container reader of ${var.prefix}"
  scope = azurerm_resource_group.all.id

  permissions {
    actions = ["Microsoft.Storage/storageAccounts/blobServices/containers/read"]
  }
  assignable_scopes = [azurerm_resource_group.all.id]
}

resource "azurerm_role_assignment" "reader" {
  scope              = azurerm_storage_account.lake.id
  role_definition_id = azurerm_role_definition.reader.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.app.principal_id
}

resource "azurerm_log_analytics_workspace" "logs" {
  name                = "logs"
  location            = local.location
  resource_group_name = local.group
  retention_in_days   = 30
}

resource "azurerm_application_insights" "app" {
  name                = "app"
  location            = local.location
  resource_group_name = local.group
  application_type    = "web"
  workspace_id        = azurerm_log_analytics_workspace.logs.id
}

resource "azurerm_container_registry" "premium" {
  name                          = "${var.prefix}acr"
  location                      = local.location
  resource_group_name           = local.group
  sku                           = "Premium"
  public_network_access_enabled = false
  zone_redundancy_enabled       = true
}

output "instrumentation_key" {
  value     = azurerm_application_insights.app.instrumentation_key
  sensitive = true
}

output "vault" {
  value = azurerm_key_vault.vault.vault_uri
}
