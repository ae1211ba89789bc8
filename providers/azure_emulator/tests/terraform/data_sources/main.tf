# What is made by one configuration is read by others: each data source reads what this one makes.

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
  default = "terraneread"
}

variable "environment" {
  type    = string
  default = "test"
}

resource "azurerm_resource_group" "read" {
  name     = "rg-read"
  location = "West Europe"
  tags     = { environment = var.environment }
}

resource "azurerm_virtual_network" "read" {
  name                = "net"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
  address_space       = ["10.3.0.0/16"]
}

data "azurerm_virtual_network" "read" {
  name                = azurerm_virtual_network.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_subnet.read]
}

resource "azurerm_subnet" "read" {
  name                 = "endpoints"
  resource_group_name  = azurerm_resource_group.read.name
  virtual_network_name = azurerm_virtual_network.read.name
  address_prefixes     = ["10.3.1.0/24"]
}

data "azurerm_subnet" "read" {
  name                 = azurerm_subnet.read.name
  virtual_network_name = azurerm_virtual_network.read.name
  resource_group_name  = azurerm_resource_group.read.name

  depends_on = [azurerm_subnet.read]
}

resource "azurerm_network_security_group" "read" {
  name                = "nsg"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
}

data "azurerm_network_security_group" "read" {
  name                = azurerm_network_security_group.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_network_security_group.read]
}

resource "azurerm_route_table" "read" {
  name                = "routes"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
}

data "azurerm_route_table" "read" {
  name                = azurerm_route_table.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_route_table.read]
}

resource "azurerm_public_ip" "read" {
  name                = "ip"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
  allocation_method   = "Static"
  sku                 = "Standard"
}

data "azurerm_public_ip" "read" {
  name                = azurerm_public_ip.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_public_ip.read]
}

resource "azurerm_nat_gateway" "read" {
  name                = "nat"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
  sku_name            = "Standard"
}

data "azurerm_nat_gateway" "read" {
  name                = azurerm_nat_gateway.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_nat_gateway.read]
}

resource "azurerm_lb" "read" {
  name                = "lb"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
  sku                 = "Standard"

  frontend_ip_configuration {
    name                 = "public"
    public_ip_address_id = azurerm_public_ip.read.id
  }
}

data "azurerm_lb" "read" {
  name                = azurerm_lb.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_lb.read]
}

resource "azurerm_private_dns_zone" "read" {
  name                = "read.example.com"
  resource_group_name = azurerm_resource_group.read.name
}

data "azurerm_private_dns_zone" "read" {
  name                = azurerm_private_dns_zone.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_private_dns_zone.read]
}

resource "azurerm_private_dns_a_record" "read" {
  name                = "db"
  private_dns_zone_id = azurerm_private_dns_zone.read.id
  ttl                 = 300
  records             = ["10.3.1.9"]
}

data "azurerm_private_dns_a_record" "read" {
  name                = azurerm_private_dns_a_record.read.name
  zone_name           = azurerm_private_dns_zone.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_private_dns_a_record.read]
}

resource "azurerm_dns_zone" "read" {
  name                = "public.example.com"
  resource_group_name = azurerm_resource_group.read.name
}

data "azurerm_dns_zone" "read" {
  name                = azurerm_dns_zone.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_dns_zone.read]
}

resource "azurerm_redis_cache" "read" {
  name                = "${var.prefix}-redis"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
  capacity            = 0
  family              = "C"
  sku_name            = "Basic"
}

data "azurerm_redis_cache" "read" {
  name                = azurerm_redis_cache.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_redis_cache.read]
}

resource "azurerm_private_endpoint" "read" {
  name                = "redis"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
  subnet_id           = azurerm_subnet.read.id

  private_service_connection {
    name                           = "redis"
    private_connection_resource_id = azurerm_redis_cache.read.id
    subresource_names              = ["redisCache"]
    is_manual_connection           = false
  }
}

resource "azurerm_managed_redis" "read" {
  name                = "${var.prefix}-managed"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
  sku_name            = "Balanced_B0"

  default_database {}
}

data "azurerm_managed_redis" "read" {
  name                = azurerm_managed_redis.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_managed_redis.read]
}

resource "azurerm_postgresql_flexible_server" "read" {
  name                   = "${var.prefix}-pg"
  location               = azurerm_resource_group.read.location
  resource_group_name    = azurerm_resource_group.read.name
  version                = "16"
  administrator_login    = "reader"
  administrator_password = "Passw0rd-of-the-emulator"
  sku_name               = "B_Standard_B1ms"
  storage_mb             = 32768
  zone                   = "1"
}

data "azurerm_postgresql_flexible_server" "read" {
  name                = azurerm_postgresql_flexible_server.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_postgresql_flexible_server.read]
}

resource "azurerm_container_registry" "read" {
  name                = "${var.prefix}acr"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
  sku                 = "Basic"
  admin_enabled       = true
}

data "azurerm_container_registry" "read" {
  name                = azurerm_container_registry.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_container_registry.read]
}

resource "azurerm_user_assigned_identity" "read" {
  name                = "identity"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
}

data "azurerm_user_assigned_identity" "read" {
  name                = azurerm_user_assigned_identity.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_user_assigned_identity.read]
}

resource "azurerm_storage_account" "read" {
  name                     = "${var.prefix}files"
  location                 = azurerm_resource_group.read.location
  resource_group_name      = azurerm_resource_group.read.name
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

data "azurerm_storage_account" "read" {
  name                = azurerm_storage_account.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_storage_account.read]
}

resource "azurerm_storage_container" "read" {
  name               = "data"
  storage_account_id = azurerm_storage_account.read.id
}

data "azurerm_storage_container" "read" {
  name               = azurerm_storage_container.read.name
  storage_account_id = azurerm_storage_account.read.id

  depends_on = [azurerm_storage_container.read]
}

resource "azurerm_log_analytics_workspace" "read" {
  name                = "logs"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
}

data "azurerm_log_analytics_workspace" "read" {
  name                = azurerm_log_analytics_workspace.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_log_analytics_workspace.read]
}

resource "azurerm_application_insights" "read" {
  name                = "app"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
  application_type    = "web"
  workspace_id        = azurerm_log_analytics_workspace.read.id
}

data "azurerm_application_insights" "read" {
  name                = azurerm_application_insights.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_application_insights.read]
}

resource "azurerm_kubernetes_cluster" "read" {
  name                = "aks"
  location            = azurerm_resource_group.read.location
  resource_group_name = azurerm_resource_group.read.name
  dns_prefix          = "read"

  default_node_pool {
    name       = "default"
    vm_size    = "Standard_D2s_v5"
    node_count = 1
  }

  node_provisioning_profile {
    mode = "Manual"
  }

  identity {
    type = "SystemAssigned"
  }
}

data "azurerm_kubernetes_cluster" "read" {
  name                = azurerm_kubernetes_cluster.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_kubernetes_cluster.read]
}

resource "azurerm_kubernetes_cluster_node_pool" "read" {
  name                  = "work"
  kubernetes_cluster_id = azurerm_kubernetes_cluster.read.id
  vm_size               = "Standard_D2s_v5"
  node_count            = 1
}

data "azurerm_kubernetes_cluster_node_pool" "read" {
  name                    = azurerm_kubernetes_cluster_node_pool.read.name
  kubernetes_cluster_name = azurerm_kubernetes_cluster.read.name
  resource_group_name     = azurerm_resource_group.read.name

  depends_on = [azurerm_kubernetes_cluster_node_pool.read]
}

data "azurerm_private_endpoint_connection" "read" {
  name                = azurerm_private_endpoint.read.name
  resource_group_name = azurerm_resource_group.read.name

  depends_on = [azurerm_private_endpoint.read]
}

data "azurerm_resource_group" "read" {
  name = azurerm_resource_group.read.name

  depends_on = [azurerm_resource_group.read]
}

data "azurerm_kubernetes_service_versions" "read" {
  location        = "West Europe"
  include_preview = false
}

data "azurerm_location" "read" {
  location = "West Europe"
}

data "azurerm_role_definition" "read" {
  name = "Contributor"
}

data "azurerm_subscription" "read" {}

data "azurerm_client_config" "read" {}

output "read" {
  sensitive = true
  value = {
    versions    = data.azurerm_kubernetes_service_versions.read.latest_version
    zones       = data.azurerm_location.read.zone_mappings
    role        = data.azurerm_role_definition.read.id
    cluster     = data.azurerm_kubernetes_cluster.read.kube_config[0].host
    pool        = data.azurerm_kubernetes_cluster_node_pool.read.vm_size
    registry    = data.azurerm_container_registry.read.admin_password
    account     = data.azurerm_storage_account.read.primary_access_key
    redis       = data.azurerm_redis_cache.read.primary_access_key
    managed     = data.azurerm_managed_redis.read.hostname
    workspace   = data.azurerm_log_analytics_workspace.read.primary_shared_key
    insights    = data.azurerm_application_insights.read.connection_string
    endpoint    = data.azurerm_private_endpoint_connection.read.private_service_connection[0].private_ip_address
    server      = data.azurerm_postgresql_flexible_server.read.fqdn
    record      = data.azurerm_private_dns_a_record.read.fqdn
    balancer    = data.azurerm_lb.read.frontend_ip_configuration[0].public_ip_address_id
    nat         = data.azurerm_nat_gateway.read.resource_guid
    network     = data.azurerm_virtual_network.read.subnets
    subnet      = data.azurerm_subnet.read.address_prefixes
    principal   = data.azurerm_user_assigned_identity.read.principal_id
    environment = data.azurerm_resource_group.read.tags.environment
  }
}
