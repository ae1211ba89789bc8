resource "azurerm_container_registry" "this" {
  name                    = var.name
  resource_group_name     = var.resource_group_name
  location                = var.location
  sku                     = var.sku
  admin_enabled           = var.admin_enabled
  zone_redundancy_enabled = var.zone_redundancy_enabled
  tags                    = var.tags
}

locals {
  assignments = merge(
    { for name, id in var.pull_principals : "pull/${name}" => { principal_id = id, role = "AcrPull" } },
    { for name, id in var.push_principals : "push/${name}" => { principal_id = id, role = "AcrPush" } },
  )
}

resource "azurerm_role_assignment" "this" {
  for_each = local.assignments

  scope                            = azurerm_container_registry.this.id
  role_definition_name             = each.value.role
  principal_id                     = each.value.principal_id
  principal_type                   = "ServicePrincipal"
  skip_service_principal_aad_check = true
}
