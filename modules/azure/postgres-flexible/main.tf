locals {
  private  = var.private_network != null
  password = coalesce(var.administrator_password, random_password.administrator.result)
}

resource "random_password" "administrator" {
  length           = 32
  min_lower        = 1
  min_upper        = 1
  min_numeric      = 1
  override_special = "-_.~"
}

resource "azurerm_private_dns_zone" "this" {
  count = local.private ? 1 : 0

  name                = "${var.name}.private.postgres.database.azure.com"
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  count = local.private ? 1 : 0

  name                = "link-${var.name}"
  private_dns_zone_id = azurerm_private_dns_zone.this[0].id
  virtual_network_id  = var.private_network.virtual_network_id
  tags                = var.tags
}

resource "azurerm_postgresql_flexible_server" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  version                = var.postgres_version
  sku_name               = var.sku_name
  storage_mb             = var.storage_mb
  backup_retention_days  = var.backup_retention_days
  administrator_login    = var.administrator_login
  administrator_password = local.password

  delegated_subnet_id           = local.private ? var.private_network.subnet_id : null
  private_dns_zone_id           = local.private ? azurerm_private_dns_zone.this[0].id : null
  public_network_access_enabled = !local.private

  dynamic "high_availability" {
    for_each = var.high_availability == null ? [] : [var.high_availability]
    content {
      mode = high_availability.value
    }
  }

  # Azure chooses the zones, and a failover swaps them.
  lifecycle {
    ignore_changes = [zone, high_availability[0].standby_availability_zone]
  }

  # Azure makes a server whose zone is not linked, but nobody could resolve its name.
  depends_on = [azurerm_private_dns_zone_virtual_network_link.this]
}

resource "azurerm_postgresql_flexible_server_database" "this" {
  for_each = var.databases

  name      = each.key
  server_id = azurerm_postgresql_flexible_server.this.id
  charset   = each.value.charset
  collation = each.value.collation
}

resource "azurerm_postgresql_flexible_server_configuration" "this" {
  for_each = var.configurations

  name      = each.key
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = each.value
}

resource "azurerm_postgresql_flexible_server_firewall_rule" "this" {
  for_each = var.firewall_ranges

  name             = each.key
  server_id        = azurerm_postgresql_flexible_server.this.id
  start_ip_address = each.value.start
  end_ip_address   = each.value.end
}
