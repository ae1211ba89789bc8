# The Azure side of an Airflow platform, written for azurerm 4: a small cluster, a registry with an administrator, file
# shares for DAGs and logs, a database that is reached over the internet through a firewall, and an address with a name.

terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.40"
    }
  }
}

provider "azurerm" {
  features {
    key_vault {
      purge_soft_delete_on_destroy = true
    }
  }
}

data "azurerm_client_config" "current" {}

data "azurerm_subscription" "current" {}

locals {
  location = "Germany West Central"
  unique   = substr(sha1(data.azurerm_subscription.current.subscription_id), 0, 6)
}

resource "azurerm_resource_group" "airflow" {
  name     = "rg-airflow"
  location = local.location
}

resource "azurerm_log_analytics_workspace" "airflow" {
  name                = "logs-airflow"
  resource_group_name = azurerm_resource_group.airflow.name
  location            = azurerm_resource_group.airflow.location
  sku                 = "PerGB2018"
  retention_in_days   = 30
}

resource "azurerm_application_insights" "airflow" {
  name                = "watch-airflow"
  resource_group_name = azurerm_resource_group.airflow.name
  location            = azurerm_resource_group.airflow.location
  workspace_id        = azurerm_log_analytics_workspace.airflow.id
  application_type    = "other"
}

resource "azurerm_kubernetes_cluster" "airflow" {
  name                = "aks-airflow"
  resource_group_name = azurerm_resource_group.airflow.name
  location            = azurerm_resource_group.airflow.location
  dns_prefix          = "airflow"

  default_node_pool {
    name       = "default"
    vm_size    = "Standard_D4s_v5"
    node_count = 2

    upgrade_settings {
      max_surge = "10%"
    }
  }

  identity {
    type = "SystemAssigned"
  }

  oms_agent {
    log_analytics_workspace_id      = azurerm_log_analytics_workspace.airflow.id
    msi_auth_for_monitoring_enabled = true
  }
}

resource "azurerm_monitor_diagnostic_setting" "cluster" {
  name                       = "cluster"
  target_resource_id         = azurerm_kubernetes_cluster.airflow.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.airflow.id

  enabled_log {
    category = "kube-audit-admin"
  }

  enabled_metric {
    category = "AllMetrics"
  }
}

resource "azurerm_public_ip" "ingress" {
  name                = "pip-ingress"
  resource_group_name = azurerm_kubernetes_cluster.airflow.node_resource_group
  location            = azurerm_resource_group.airflow.location
  allocation_method   = "Static"
  sku                 = "Standard"
  domain_name_label   = "airflow-${local.unique}"
}

resource "azurerm_container_registry" "airflow" {
  name                = "airflow${local.unique}"
  resource_group_name = azurerm_resource_group.airflow.name
  location            = azurerm_resource_group.airflow.location
  sku                 = "Basic"
  admin_enabled       = true
}

resource "azurerm_role_assignment" "pull" {
  scope                            = azurerm_container_registry.airflow.id
  role_definition_name             = "AcrPull"
  principal_id                     = azurerm_kubernetes_cluster.airflow.kubelet_identity[0].object_id
  skip_service_principal_aad_check = true
}

resource "azurerm_storage_account" "airflow" {
  name                     = "airflow${local.unique}"
  resource_group_name      = azurerm_resource_group.airflow.name
  location                 = azurerm_resource_group.airflow.location
  account_tier             = "Standard"
  account_replication_type = "LRS"
  min_tls_version          = "TLS1_2"
}

resource "azurerm_storage_share" "airflow" {
  for_each = { dags = 5, logs = 50 }

  name               = each.key
  storage_account_id = azurerm_storage_account.airflow.id
  quota              = each.value
}

resource "azurerm_storage_container" "backups" {
  name               = "backups"
  storage_account_id = azurerm_storage_account.airflow.id
}

resource "azurerm_postgresql_flexible_server" "airflow" {
  name                   = "pg-airflow-${local.unique}"
  resource_group_name    = azurerm_resource_group.airflow.name
  location               = azurerm_resource_group.airflow.location
  version                = "15"
  sku_name               = "B_Standard_B1ms"
  storage_mb             = 32768
  administrator_login    = "airflow"
  administrator_password = "Correct-Horse-9-Battery"
  zone                   = "2"
}

resource "azurerm_postgresql_flexible_server_firewall_rule" "cluster" {
  name             = "azure-services"
  server_id        = azurerm_postgresql_flexible_server.airflow.id
  start_ip_address = "0.0.0.0"
  end_ip_address   = "0.0.0.0"
}

resource "azurerm_postgresql_flexible_server_database" "airflow" {
  name      = "airflow"
  server_id = azurerm_postgresql_flexible_server.airflow.id
}

resource "azurerm_key_vault" "airflow" {
  name                       = "kv-airflow-${local.unique}"
  resource_group_name        = azurerm_resource_group.airflow.name
  location                   = azurerm_resource_group.airflow.location
  tenant_id                  = data.azurerm_client_config.current.tenant_id
  sku_name                   = "standard"
  enable_rbac_authorization  = false
  soft_delete_retention_days = 7

  access_policy {
    tenant_id          = data.azurerm_client_config.current.tenant_id
    object_id          = data.azurerm_client_config.current.object_id
    secret_permissions = ["Get", "List", "Set", "Delete", "Purge"]
  }
}

resource "azurerm_key_vault_secret" "database" {
  name         = "database-url"
  key_vault_id = azurerm_key_vault.airflow.id
  value = format(
    "postgresql://%s:%s@%s/airflow?sslmode=require",
    azurerm_postgresql_flexible_server.airflow.administrator_login,
    urlencode(azurerm_postgresql_flexible_server.airflow.administrator_password),
    azurerm_postgresql_flexible_server.airflow.fqdn,
  )
}

output "address" {
  value = azurerm_public_ip.ingress.fqdn
}

output "registry" {
  value     = "${azurerm_container_registry.airflow.admin_username}@${azurerm_container_registry.airflow.login_server}"
  sensitive = true
}

output "file_share_account" {
  value     = azurerm_storage_account.airflow.primary_access_key
  sensitive = true
}
