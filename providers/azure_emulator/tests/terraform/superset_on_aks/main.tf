# Superset on AKS: a network of one's own, nodes with addresses from it, and the metadata database and the cache
# reachable from there alone.

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
  default = "terranesuperset"
}

variable "environment" {
  type    = string
  default = "test"
}

variable "dns_prefix" {
  type    = string
  default = "superset"
}

locals {
  tags = {
    environment = var.environment
    platform    = "superset"
  }
  node_pools = {
    work = { vm_size = "Standard_D8s_v5", min = 1, max = 4, spot = false }
    spot = { vm_size = "Standard_D4s_v5", min = 0, max = 2, spot = true }
  }
}

data "azurerm_client_config" "current" {}

data "azurerm_subscription" "current" {}

resource "azurerm_resource_group" "platform" {
  name     = "rg-superset"
  location = "West Europe"
  tags     = local.tags
}

resource "azurerm_virtual_network" "platform" {
  name                = "vnet-superset"
  location            = azurerm_resource_group.platform.location
  resource_group_name = azurerm_resource_group.platform.name
  address_space       = ["10.20.0.0/16"]
  tags                = local.tags
}

resource "azurerm_subnet" "nodes" {
  name                 = "nodes"
  resource_group_name  = azurerm_resource_group.platform.name
  virtual_network_name = azurerm_virtual_network.platform.name
  address_prefixes     = [cidrsubnet("10.20.0.0/16", 4, 0)]
}

resource "azurerm_subnet" "endpoints" {
  name                              = "endpoints"
  resource_group_name               = azurerm_resource_group.platform.name
  virtual_network_name              = azurerm_virtual_network.platform.name
  address_prefixes                  = [cidrsubnet("10.20.0.0/16", 8, 16)]
  private_endpoint_network_policies = "Enabled"
}

resource "azurerm_subnet" "database" {
  name                 = "database"
  resource_group_name  = azurerm_resource_group.platform.name
  virtual_network_name = azurerm_virtual_network.platform.name
  address_prefixes     = [cidrsubnet("10.20.0.0/16", 8, 17)]

  delegation {
    name = "postgres"
    service_delegation {
      name    = "Microsoft.DBforPostgreSQL/flexibleServers"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_network_security_group" "nodes" {
  name                = "nsg-nodes"
  location            = azurerm_resource_group.platform.location
  resource_group_name = azurerm_resource_group.platform.name
  tags                = local.tags
}

resource "azurerm_network_security_rule" "https" {
  name                        = "https"
  priority                    = 100
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  destination_port_ranges     = ["80", "443"]
  source_address_prefix       = "Internet"
  destination_address_prefix  = "*"
  resource_group_name         = azurerm_resource_group.platform.name
  network_security_group_name = azurerm_network_security_group.nodes.name
}

resource "azurerm_subnet_network_security_group_association" "nodes" {
  subnet_id                 = azurerm_subnet.nodes.id
  network_security_group_id = azurerm_network_security_group.nodes.id
}

resource "azurerm_user_assigned_identity" "cluster" {
  name                = "id-superset"
  location            = azurerm_resource_group.platform.location
  resource_group_name = azurerm_resource_group.platform.name
}

resource "azurerm_role_assignment" "network" {
  scope                = azurerm_subnet.nodes.id
  role_definition_name = "Network Contributor"
  principal_id         = azurerm_user_assigned_identity.cluster.principal_id
}

resource "azurerm_log_analytics_workspace" "platform" {
  name                = "log-superset"
  location            = azurerm_resource_group.platform.location
  resource_group_name = azurerm_resource_group.platform.name
  sku                 = "PerGB2018"
  retention_in_days   = 30
}

resource "azurerm_kubernetes_cluster" "platform" {
  name                      = "aks-superset"
  location                  = azurerm_resource_group.platform.location
  resource_group_name       = azurerm_resource_group.platform.name
  dns_prefix                = var.dns_prefix
  kubernetes_version        = "1.33"
  sku_tier                  = "Standard"
  automatic_upgrade_channel = "patch"
  oidc_issuer_enabled       = true
  workload_identity_enabled = true
  tags                      = local.tags

  default_node_pool {
    name                         = "system"
    vm_size                      = "Standard_D4s_v5"
    vnet_subnet_id               = azurerm_subnet.nodes.id
    auto_scaling_enabled         = true
    min_count                    = 1
    max_count                    = 3
    max_pods                     = 50
    only_critical_addons_enabled = true
    temporary_name_for_rotation  = "rotation"
    zones                        = ["1", "2", "3"]
    upgrade_settings {
      max_surge = "33%"
    }
  }

  node_provisioning_profile {
    mode = "Manual"
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.cluster.id]
  }

  network_profile {
    network_plugin    = "azure"
    network_policy    = "calico"
    load_balancer_sku = "standard"
    outbound_type     = "loadBalancer"
    service_cidr      = "172.16.0.0/16"
    dns_service_ip    = "172.16.0.10"
  }

  oms_agent {
    log_analytics_workspace_id = azurerm_log_analytics_workspace.platform.id
  }

  maintenance_window_auto_upgrade {
    frequency   = "Weekly"
    interval    = 1
    duration    = 4
    day_of_week = "Sunday"
    start_time  = "02:00"
    utc_offset  = "+00:00"
  }

  depends_on = [azurerm_role_assignment.network]
}

resource "azurerm_kubernetes_cluster_node_pool" "pools" {
  for_each              = local.node_pools
  name                  = each.key
  kubernetes_cluster_id = azurerm_kubernetes_cluster.platform.id
  vm_size               = each.value.vm_size
  auto_scaling_enabled  = true
  min_count             = each.value.min
  max_count             = each.value.max
  mode                  = "User"
  priority              = each.value.spot ? "Spot" : "Regular"
  eviction_policy       = each.value.spot ? "Delete" : null
  spot_max_price        = each.value.spot ? -1 : null
  node_labels           = each.value.spot ? { "kubernetes.azure.com/scalesetpriority" = "spot" } : { workload = each.key }
  node_taints           = each.value.spot ? ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"] : null
  vnet_subnet_id        = azurerm_subnet.nodes.id
}

resource "azurerm_federated_identity_credential" "superset" {
  name                      = "superset"
  audience                  = ["api://AzureADTokenExchange"]
  issuer                    = azurerm_kubernetes_cluster.platform.oidc_issuer_url
  subject                   = "system:serviceaccount:superset:superset"
  user_assigned_identity_id = azurerm_user_assigned_identity.cluster.id
}

resource "azurerm_container_registry" "platform" {
  name                = "${var.prefix}acr"
  location            = azurerm_resource_group.platform.location
  resource_group_name = azurerm_resource_group.platform.name
  sku                 = "Standard"
  admin_enabled       = false
}

resource "azurerm_role_assignment" "pull" {
  scope                = azurerm_container_registry.platform.id
  role_definition_name = "AcrPull"
  principal_id         = azurerm_kubernetes_cluster.platform.kubelet_identity[0].object_id
}

resource "azurerm_redis_cache" "cache" {
  name                          = "${var.prefix}-redis"
  location                      = azurerm_resource_group.platform.location
  resource_group_name           = azurerm_resource_group.platform.name
  capacity                      = 1
  family                        = "C"
  sku_name                      = "Standard"
  minimum_tls_version           = "1.2"
  public_network_access_enabled = false

  redis_configuration {
    maxmemory_policy = "allkeys-lru"
  }
}

resource "azurerm_private_dns_zone" "redis" {
  name                = "privatelink.redis.cache.windows.net"
  resource_group_name = azurerm_resource_group.platform.name
}

resource "azurerm_private_dns_zone_virtual_network_link" "redis" {
  name                = "redis"
  private_dns_zone_id = azurerm_private_dns_zone.redis.id
  virtual_network_id  = azurerm_virtual_network.platform.id
}

resource "azurerm_private_endpoint" "redis" {
  name                = "pe-redis"
  location            = azurerm_resource_group.platform.location
  resource_group_name = azurerm_resource_group.platform.name
  subnet_id           = azurerm_subnet.endpoints.id

  private_service_connection {
    name                           = "redis"
    private_connection_resource_id = azurerm_redis_cache.cache.id
    subresource_names              = ["redisCache"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.redis.id]
  }
}

resource "azurerm_private_dns_zone" "postgres" {
  name                = "${var.prefix}.private.postgres.database.azure.com"
  resource_group_name = azurerm_resource_group.platform.name
}

resource "azurerm_private_dns_zone_virtual_network_link" "postgres" {
  name                = "postgres"
  private_dns_zone_id = azurerm_private_dns_zone.postgres.id
  virtual_network_id  = azurerm_virtual_network.platform.id
}

resource "azurerm_postgresql_flexible_server" "metadata" {
  name                          = "${var.prefix}-pg"
  location                      = azurerm_resource_group.platform.location
  resource_group_name           = azurerm_resource_group.platform.name
  version                       = "16"
  delegated_subnet_id           = azurerm_subnet.database.id
  private_dns_zone_id           = azurerm_private_dns_zone.postgres.id
  public_network_access_enabled = false
  administrator_login           = "superset"
  administrator_password        = "Passw0rd-of-the-emulator"
  zone                          = "1"
  storage_mb                    = 32768
  sku_name                      = "GP_Standard_D2ds_v5"
  backup_retention_days         = 14

  depends_on = [azurerm_private_dns_zone_virtual_network_link.postgres]
}

resource "azurerm_postgresql_flexible_server_database" "superset" {
  name      = "superset"
  server_id = azurerm_postgresql_flexible_server.metadata.id
  charset   = "UTF8"
  collation = "en_US.utf8"
}

resource "azurerm_postgresql_flexible_server_configuration" "extensions" {
  name      = "azure.extensions"
  server_id = azurerm_postgresql_flexible_server.metadata.id
  value     = "UUID-OSSP,PG_TRGM"
}

data "azurerm_subnet" "nodes" {
  name                 = azurerm_subnet.nodes.name
  virtual_network_name = azurerm_virtual_network.platform.name
  resource_group_name  = azurerm_resource_group.platform.name
}

data "azurerm_kubernetes_cluster" "platform" {
  name                = azurerm_kubernetes_cluster.platform.name
  resource_group_name = azurerm_resource_group.platform.name
}

output "redis_address" {
  value = "${azurerm_redis_cache.cache.hostname}:${azurerm_redis_cache.cache.ssl_port}"
}

output "redis_private_address" {
  value = azurerm_private_endpoint.redis.private_service_connection[0].private_ip_address
}

output "database_host" {
  value = azurerm_postgresql_flexible_server.metadata.fqdn
}

output "registry" {
  value = azurerm_container_registry.platform.login_server
}

output "kube_config" {
  value     = azurerm_kubernetes_cluster.platform.kube_config_raw
  sensitive = true
}

output "node_resource_group" {
  value = data.azurerm_kubernetes_cluster.platform.node_resource_group
}
