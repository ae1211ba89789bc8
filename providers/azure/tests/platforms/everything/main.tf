# One object of every kind that the other platforms do not have, written for azurerm 5.

terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.0"
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
  location = "westeurope"
  group    = azurerm_resource_group.this.name
  unique   = substr(sha1(data.azurerm_subscription.current.subscription_id), 0, 6)
}

resource "azurerm_resource_group" "this" {
  name     = "rg-everything"
  location = local.location
}

resource "azurerm_management_lock" "this" {
  name       = "keep"
  scope      = azurerm_storage_account.this.id
  lock_level = "CanNotDelete"
}

# The network family.

resource "azurerm_virtual_network" "hub" {
  name                = "hub"
  resource_group_name = local.group
  location            = local.location
  address_space       = ["10.0.0.0/16"]
  dns_servers         = ["10.0.0.4", "10.0.0.5"]
}

resource "azurerm_virtual_network" "spoke" {
  name                = "spoke"
  resource_group_name = local.group
  location            = local.location
  address_space       = ["10.1.0.0/16"]

  subnet {
    name             = "inside"
    address_prefixes = ["10.1.0.0/24"]
  }
}

resource "azurerm_virtual_network_peering" "hub" {
  name                      = "to-spoke"
  resource_group_name       = local.group
  virtual_network_name      = azurerm_virtual_network.hub.name
  remote_virtual_network_id = azurerm_virtual_network.spoke.id
  allow_forwarded_traffic   = true
}

resource "azurerm_subnet" "this" {
  for_each = { a = "10.0.1.0/24", b = "10.0.2.0/24", gateway = "10.0.3.0/24" }

  name                 = each.key
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.hub.name
  address_prefixes     = [each.value]
}

resource "azurerm_network_security_group" "this" {
  name                = "nsg"
  resource_group_name = local.group
  location            = local.location

  security_rule {
    name                       = "https"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_range     = "443"
    source_address_prefix      = "Internet"
    destination_address_prefix = "*"
  }
}

resource "azurerm_subnet_network_security_group_association" "this" {
  subnet_id                 = azurerm_subnet.this["a"].id
  network_security_group_id = azurerm_network_security_group.this.id
}

resource "azurerm_route_table" "this" {
  name                = "routes"
  resource_group_name = local.group
  location            = local.location
}

resource "azurerm_route" "this" {
  name                   = "out"
  resource_group_name    = local.group
  route_table_name       = azurerm_route_table.this.name
  address_prefix         = "0.0.0.0/0"
  next_hop_type          = "VirtualAppliance"
  next_hop_in_ip_address = "10.0.0.4"
}

resource "azurerm_subnet_route_table_association" "this" {
  subnet_id      = azurerm_subnet.this["a"].id
  route_table_id = azurerm_route_table.this.id
}

resource "azurerm_public_ip" "this" {
  for_each = toset(["nat", "lb", "gateway"])

  name                = "ip-${each.key}"
  resource_group_name = local.group
  location            = local.location
  allocation_method   = "Static"
  sku                 = "Standard"
}

resource "azurerm_public_ip_prefix" "this" {
  name                = "prefix"
  resource_group_name = local.group
  location            = local.location
  prefix_length       = 30
}

resource "azurerm_nat_gateway" "this" {
  name                = "nat"
  resource_group_name = local.group
  location            = local.location
  sku_name            = "Standard"
}

resource "azurerm_nat_gateway_public_ip_association" "this" {
  nat_gateway_id       = azurerm_nat_gateway.this.id
  public_ip_address_id = azurerm_public_ip.this["nat"].id
}

resource "azurerm_subnet_nat_gateway_association" "this" {
  subnet_id      = azurerm_subnet.this["b"].id
  nat_gateway_id = azurerm_nat_gateway.this.id
}

resource "azurerm_network_interface" "this" {
  name                = "nic"
  resource_group_name = local.group
  location            = local.location

  ip_configuration {
    name                          = "internal"
    subnet_id                     = azurerm_subnet.this["b"].id
    private_ip_address_allocation = "Dynamic"
  }
}

resource "azurerm_lb" "this" {
  name                = "lb"
  resource_group_name = local.group
  location            = local.location
  sku                 = "Standard"

  frontend_ip_configuration {
    name                 = "public"
    public_ip_address_id = azurerm_public_ip.this["lb"].id
  }
}

resource "azurerm_lb_backend_address_pool" "this" {
  name            = "nodes"
  loadbalancer_id = azurerm_lb.this.id
}

resource "azurerm_lb_probe" "this" {
  name            = "tcp"
  loadbalancer_id = azurerm_lb.this.id
  port            = 8088
}

resource "azurerm_lb_rule" "this" {
  name                           = "web"
  loadbalancer_id                = azurerm_lb.this.id
  protocol                       = "Tcp"
  frontend_port                  = 80
  backend_port                   = 8088
  frontend_ip_configuration_name = "public"
  backend_address_pool_ids       = [azurerm_lb_backend_address_pool.this.id]
  probe_id                       = azurerm_lb_probe.this.id
}

resource "azurerm_application_gateway" "this" {
  name                = "gateway"
  resource_group_name = local.group
  location            = local.location

  sku {
    name     = "Standard_v2"
    tier     = "Standard_v2"
    capacity = 1
  }

  gateway_ip_configuration {
    name      = "gateway"
    subnet_id = azurerm_subnet.this["gateway"].id
  }

  frontend_port {
    name = "http"
    port = 80
  }

  frontend_ip_configuration {
    name                 = "public"
    public_ip_address_id = azurerm_public_ip.this["gateway"].id
  }

  backend_address_pool {
    name         = "nodes"
    ip_addresses = ["10.0.2.10"]
  }

  backend_http_settings {
    name                  = "http"
    cookie_based_affinity = "Disabled"
    port                  = 8088
    protocol              = "Http"
    request_timeout       = 60
  }

  http_listener {
    name                           = "http"
    frontend_ip_configuration_name = "public"
    frontend_port_name             = "http"
    protocol                       = "Http"
  }

  request_routing_rule {
    name                       = "all"
    rule_type                  = "Basic"
    priority                   = 100
    http_listener_name         = "http"
    backend_address_pool_name  = "nodes"
    backend_http_settings_name = "http"
  }
}

resource "azurerm_dns_zone" "this" {
  name                = "example.org"
  resource_group_name = local.group
}

resource "azurerm_dns_a_record" "this" {
  name                = "www"
  resource_group_name = local.group
  zone_name           = azurerm_dns_zone.this.name
  ttl                 = 300
  records             = ["192.0.2.1"]
}

resource "azurerm_dns_cname_record" "this" {
  name                = "superset"
  resource_group_name = local.group
  zone_name           = azurerm_dns_zone.this.name
  ttl                 = 300
  record              = "www.example.org"
}

resource "azurerm_private_dns_zone" "this" {
  name                = "internal.example.org"
  resource_group_name = local.group
}

resource "azurerm_private_dns_a_record" "this" {
  name                = "db"
  private_dns_zone_id = azurerm_private_dns_zone.this.id
  ttl                 = 300
  records             = ["10.0.2.20"]
}

# Identities and rights.

resource "azurerm_user_assigned_identity" "this" {
  name                = "workload"
  resource_group_name = local.group
  location            = local.location
}

resource "azurerm_federated_identity_credential" "this" {
  name                      = "airflow"
  user_assigned_identity_id = azurerm_user_assigned_identity.this.id
  audience                  = ["api://AzureADTokenExchange"]
  issuer                    = "https://issuer.example.org/"
  subject                   = "system:serviceaccount:airflow:worker"
}

resource "azurerm_role_definition" "this" {
  name  = "Reader of ${local.unique}"
  scope = data.azurerm_subscription.current.id

  permissions {
    actions = ["Microsoft.Resources/subscriptions/resourceGroups/read"]
  }

  assignable_scopes = [data.azurerm_subscription.current.id]
}

resource "azurerm_role_assignment" "this" {
  scope              = azurerm_resource_group.this.id
  role_definition_id = azurerm_role_definition.this.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.this.principal_id
}

# Data services.

resource "azurerm_storage_account" "this" {
  name                     = "everything${local.unique}"
  resource_group_name      = local.group
  location                 = local.location
  account_tier             = "Standard"
  account_replication_type = "ZRS"

  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = 14
    }
  }

  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices"]
    ip_rules       = ["198.51.100.7"]
  }
}

resource "azurerm_storage_container" "this" {
  name               = "data"
  storage_account_id = azurerm_storage_account.this.id
}

resource "azurerm_storage_share" "this" {
  name               = "files"
  storage_account_id = azurerm_storage_account.this.id
  quota              = 10
}

resource "azurerm_key_vault" "this" {
  name                       = "kv-${local.unique}"
  resource_group_name        = local.group
  location                   = local.location
  tenant_id                  = data.azurerm_client_config.current.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = false
}

resource "azurerm_key_vault_access_policy" "this" {
  key_vault_id       = azurerm_key_vault.this.id
  tenant_id          = data.azurerm_client_config.current.tenant_id
  object_id          = data.azurerm_client_config.current.object_id
  secret_permissions = ["Get", "List", "Set", "Delete", "Purge", "Recover"]
  key_permissions    = ["Get", "WrapKey"]
}

resource "azurerm_key_vault_secret" "this" {
  name         = "password"
  key_vault_id = azurerm_key_vault.this.id
  value        = "hidden"
  content_type = "text/plain"

  depends_on = [azurerm_key_vault_access_policy.this]
}

resource "azurerm_container_registry" "this" {
  name                          = "everything${local.unique}"
  resource_group_name           = local.group
  location                      = local.location
  sku                           = "Premium"
  public_network_access_enabled = false
  retention_policy_in_days      = 7
}

resource "azurerm_postgresql_flexible_server" "this" {
  name                   = "pg-everything-${local.unique}"
  resource_group_name    = local.group
  location               = local.location
  version                = "16"
  sku_name               = "B_Standard_B1ms"
  storage_mb             = 32768
  administrator_login    = "owner"
  administrator_password = "Correct-Horse-9-Battery"
  zone                   = "1"
}

resource "azurerm_postgresql_flexible_server_firewall_rule" "this" {
  name             = "office"
  server_id        = azurerm_postgresql_flexible_server.this.id
  start_ip_address = "198.51.100.1"
  end_ip_address   = "198.51.100.9"
}

resource "azurerm_postgresql_flexible_server_database" "this" {
  name      = "app"
  server_id = azurerm_postgresql_flexible_server.this.id
}

# Watching.

resource "azurerm_log_analytics_workspace" "this" {
  name                = "logs"
  resource_group_name = local.group
  location            = local.location
}

resource "azurerm_application_insights" "this" {
  name                = "watch"
  resource_group_name = local.group
  location            = local.location
  application_type    = "web"
  workspace_id        = azurerm_log_analytics_workspace.this.id
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "vault"
  target_resource_id         = azurerm_key_vault.this.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  enabled_log {
    category = "AuditEvent"
  }
}
