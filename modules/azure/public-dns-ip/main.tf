resource "azurerm_public_ip" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  sku                 = "Standard"
  allocation_method   = "Static"
  domain_name_label   = var.dns_label
  zones               = length(var.zones) > 0 ? var.zones : null
  tags                = var.tags
}
