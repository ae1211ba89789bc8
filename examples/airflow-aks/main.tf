# The Azure side of an Airflow platform that runs each task in a pod of its own: a cluster whose task nodes come and go, a
# database, a registry for the image, file shares for workflows and logs, and an address with a name.

data "azurerm_client_config" "current" {}

locals {
  name   = "airflow-${var.environment}"
  tags   = merge(var.tags, { environment = var.environment, system = "airflow" })
  unique = substr(sha1("${data.azurerm_client_config.current.subscription_id}/${local.name}"), 0, 6)

  # Pods have addresses of their own range, so a small network holds many of them.
  pod_cidr = "10.244.0.0/16"
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
  address_space       = ["10.40.0.0/22"]
  service_cidr        = "172.16.0.0/16"
  tags                = local.tags

  subnets = merge(
    {
      nodes = {
        cidr             = "10.40.0.0/24"
        pods_from_subnet = false
        nodes            = { system = { max_count = 2 }, tasks = { max_count = var.task_nodes.max_count } }
      }
    },
    var.public_database ? {} : {
      postgres = { cidr = "10.40.1.0/28", delegation = "Microsoft.DBforPostgreSQL/flexibleServers" }
    },
  )
}

module "registry" {
  source = "../../modules/azure/acr"

  name                = "airflow${var.environment}${local.unique}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  admin_enabled       = true
  tags                = local.tags
}

module "cluster" {
  source = "../../modules/azure/aks"

  name                = "aks-${local.name}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  subnet_id           = module.network.subnet_ids["nodes"]
  network             = { plugin_mode = "overlay", pod_cidr = local.pod_cidr }
  system_pool         = { count = 2 }
  registry_ids        = { platform = module.registry.id }
  tags                = local.tags

  user_pools = {
    tasks = { min_count = 0, max_count = var.task_nodes.max_count, spot = var.task_nodes.spot, labels = { role = "tasks" } }
  }
}

module "postgres" {
  source = "../../modules/azure/postgres-flexible"

  name                = "pg-${local.name}-${local.unique}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  sku_name            = var.postgres.sku_name
  high_availability   = var.postgres.high_availability
  administrator_login = "airflow"
  databases           = { airflow = {} }
  tags                = local.tags

  firewall_ranges = var.public_database ? {
    for address in var.operator_addresses : "operator-${replace(address, ".", "-")}" => { start = address, end = address }
  } : {}

  private_network = var.public_database ? null : {
    subnet_id          = module.network.subnet_ids["postgres"]
    virtual_network_id = module.network.id
  }
}

module "shares" {
  source = "../../modules/azure/file-shares"

  account_name        = "airflow${var.environment}${local.unique}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  shares              = var.shares
  tags                = local.tags
}

# In the platform's own group: the cluster's identity may use it there, and it outlives the cluster.
module "address" {
  source = "../../modules/azure/public-dns-ip"

  name                = "pip-${local.name}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  dns_label           = coalesce(var.dns_label, "${local.name}-${local.unique}")
  tags                = local.tags
}

resource "azurerm_role_assignment" "address" {
  scope                            = module.address.id
  role_definition_name             = "Network Contributor"
  principal_id                     = module.cluster.identity_principal_id
  principal_type                   = "ServicePrincipal"
  skip_service_principal_aad_check = true
}

# Airflow encrypts its connections with this key; nobody can read them when it changes.
resource "random_bytes" "fernet_key" {
  length = 32
}
