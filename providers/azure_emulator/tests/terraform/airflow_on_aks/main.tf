# Airflow on AKS: images in a registry of one's own, the metadata database over TLS from anywhere that a rule admits,
# logs and workflows on file shares, and a public name for the web server.

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
  default = "terraneairflow"
}

variable "environment" {
  type    = string
  default = "test"
}

variable "dns_prefix" {
  type    = string
  default = "airflow"
}

locals {
  tags   = { environment = var.environment }
  shares = { logs = 50, dags = 10 }
}

resource "azurerm_resource_group" "airflow" {
  name     = "rg-airflow"
  location = "Germany West Central"
  tags     = local.tags
}

resource "azurerm_kubernetes_cluster" "airflow" {
  name                = "aks-airflow"
  location            = azurerm_resource_group.airflow.location
  resource_group_name = azurerm_resource_group.airflow.name
  dns_prefix          = var.dns_prefix
  tags                = local.tags

  default_node_pool {
    name                        = "default"
    vm_size                     = "Standard_D2s_v5"
    node_count                  = 2
    temporary_name_for_rotation = "rotation"
  }

  node_provisioning_profile {
    mode = "Manual"
  }

  identity {
    type = "SystemAssigned"
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_policy      = "cilium"
    network_data_plane  = "cilium"
  }
}

resource "azurerm_container_registry" "airflow" {
  name                = "${var.prefix}acr"
  location            = azurerm_resource_group.airflow.location
  resource_group_name = azurerm_resource_group.airflow.name
  sku                 = "Basic"
  admin_enabled       = true
}

resource "azurerm_role_assignment" "pull" {
  scope                = azurerm_container_registry.airflow.id
  role_definition_name = "AcrPull"
  principal_id         = azurerm_kubernetes_cluster.airflow.kubelet_identity[0].object_id
}

resource "azurerm_postgresql_flexible_server" "metadata" {
  name                   = "${var.prefix}-pg"
  location               = azurerm_resource_group.airflow.location
  resource_group_name    = azurerm_resource_group.airflow.name
  version                = "16"
  administrator_login    = "airflow"
  administrator_password = "Passw0rd-of-the-emulator"
  storage_mb             = 32768
  sku_name               = "B_Standard_B2s"
  zone                   = "1"
}

resource "azurerm_postgresql_flexible_server_database" "airflow" {
  name      = "airflow"
  server_id = azurerm_postgresql_flexible_server.metadata.id
}

resource "azurerm_postgresql_flexible_server_configuration" "tls" {
  name      = "require_secure_transport"
  server_id = azurerm_postgresql_flexible_server.metadata.id
  value     = "on"
}

resource "azurerm_postgresql_flexible_server_firewall_rule" "azure" {
  name             = "azure-services"
  server_id        = azurerm_postgresql_flexible_server.metadata.id
  start_ip_address = "0.0.0.0"
  end_ip_address   = "0.0.0.0"
}

resource "azurerm_storage_account" "airflow" {
  name                     = "${var.prefix}files"
  location                 = azurerm_resource_group.airflow.location
  resource_group_name      = azurerm_resource_group.airflow.name
  account_tier             = "Standard"
  account_replication_type = "LRS"
  tags                     = local.tags
}

resource "azurerm_storage_share" "shares" {
  for_each           = local.shares
  name               = each.key
  storage_account_id = azurerm_storage_account.airflow.id
  quota              = each.value
}

resource "azurerm_public_ip" "web" {
  name                = "pip-airflow"
  location            = azurerm_resource_group.airflow.location
  resource_group_name = azurerm_kubernetes_cluster.airflow.node_resource_group
  allocation_method   = "Static"
  sku                 = "Standard"
  domain_name_label   = "${var.prefix}-web"
}

resource "azurerm_dns_zone" "public" {
  name                = "airflow.example.com"
  resource_group_name = azurerm_resource_group.airflow.name
}

resource "azurerm_dns_a_record" "web" {
  name                = "web"
  zone_name           = azurerm_dns_zone.public.name
  resource_group_name = azurerm_resource_group.airflow.name
  ttl                 = 300
  records             = [azurerm_public_ip.web.ip_address]
}

data "azurerm_public_ips" "cluster" {
  resource_group_name = azurerm_public_ip.web.resource_group_name
}

output "registry" {
  value     = "${azurerm_container_registry.airflow.admin_username}:${azurerm_container_registry.airflow.admin_password}@${azurerm_container_registry.airflow.login_server}"
  sensitive = true
}

output "connection" {
  value = "postgresql://airflow@${azurerm_postgresql_flexible_server.metadata.fqdn}/airflow?sslmode=require"
}

output "storage_key" {
  value     = azurerm_storage_account.airflow.primary_access_key
  sensitive = true
}

output "web" {
  value = azurerm_public_ip.web.fqdn
}
