# The Azure side of a Superset platform: a network with a plan for its addresses, a Kubernetes cluster with system and
# application nodes, a registry, and a cache and a database that are reached from that network alone.

data "azurerm_client_config" "current" {}

locals {
  name = "superset-${var.environment}"
  tags = merge(var.tags, { environment = var.environment, system = "superset" })

  # Names that all of Azure shares get a part that belongs to the subscription.
  unique = substr(sha1("${data.azurerm_client_config.current.subscription_id}/${local.name}"), 0, 6)

  service_cidr = "172.16.0.0/16"

  node_pools = merge(
    { system = { max_count = var.system_pool.count, max_pods = var.system_pool.max_pods, max_surge = var.system_pool.max_surge } },
    { for name, pool in var.user_pools : name => { max_count = pool.max_count, max_pods = pool.max_pods, max_surge = pool.max_surge } },
  )
}

resource "azurerm_resource_group" "this" {
  name     = "rg-${local.name}"
  location = var.location
  tags     = local.tags
}

module "network" {
  source = "../../modules/azure/network"

  name                = "vnet-${local.name}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  address_space       = [var.address_space]
  service_cidr        = local.service_cidr
  tags                = local.tags

  subnets = {
    nodes = {
      newbits = 1
      netnum  = 0
      nodes   = local.node_pools
    }
    endpoints = {
      newbits = 4
      netnum  = 8
      security_rules = {
        redis-from-nodes = { priority = 100, source_prefix = cidrsubnet(var.address_space, 1, 0), ports = ["6380", "10000"] }
        deny-others      = { priority = 4000, access = "Deny", protocol = "*", source_prefix = "VirtualNetwork" }
      }
    }
    postgres = {
      newbits    = 4
      netnum     = 9
      delegation = "Microsoft.DBforPostgreSQL/flexibleServers"
    }
  }
}

module "registry" {
  source = "../../modules/azure/acr"

  name                = "superset${var.environment}${local.unique}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  sku                 = var.registry_sku
  tags                = local.tags
}

module "cluster" {
  source = "../../modules/azure/aks"

  name                = "aks-${local.name}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  dns_prefix          = coalesce(var.dns_prefix, local.name)
  kubernetes_version  = var.kubernetes_version
  sku_tier            = var.cluster_tier
  subnet_id           = module.network.subnet_ids["nodes"]
  system_pool         = var.system_pool
  user_pools          = var.user_pools
  network             = { service_cidr = local.service_cidr }
  registry_ids        = { platform = module.registry.id }
  maintenance         = { day_of_week = var.maintenance_day }
  tags                = local.tags
}

module "redis" {
  source = "../../modules/azure/redis-private"

  name                = "redis-${local.name}-${local.unique}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  service             = var.redis.service
  managed             = { sku_name = var.redis.sku_name, high_availability = var.redis.high_availability }
  subnet_id           = module.network.subnet_ids["endpoints"]
  virtual_network_id  = module.network.id
  tags                = local.tags
}

module "postgres" {
  source = "../../modules/azure/postgres-flexible"

  name                  = "pg-${local.name}-${local.unique}"
  resource_group_name   = azurerm_resource_group.this.name
  location              = azurerm_resource_group.this.location
  sku_name              = var.postgres.sku_name
  storage_mb            = var.postgres.storage_mb
  high_availability     = var.postgres.high_availability
  backup_retention_days = var.postgres.backup_retention_days
  administrator_login   = "superset"
  databases             = { superset = {} }
  tags                  = local.tags

  private_network = {
    subnet_id          = module.network.subnet_ids["postgres"]
    virtual_network_id = module.network.id
  }
}

# Superset refuses to start without it, and loses every stored password when it changes.
resource "random_password" "secret_key" {
  length  = 56
  special = false
}
