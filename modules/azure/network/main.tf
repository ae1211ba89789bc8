resource "azurerm_virtual_network" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  address_space       = var.address_space
  tags                = var.tags

  lifecycle {
    precondition {
      condition     = length(local.outside) == 0
      error_message = "Subnets outside the address space ${join(", ", var.address_space)}: ${join("; ", local.outside)}."
    }
    precondition {
      condition     = length(local.overlapping) == 0
      error_message = "Subnets that overlap: ${join("; ", local.overlapping)}."
    }
    precondition {
      condition     = length(local.service_meets) == 0
      error_message = "The service range ${coalesce(var.service_cidr, "none")} meets the address space ${join(", ", local.service_meets)}: pods could not reach one of them."
    }
  }
}

resource "azurerm_subnet" "this" {
  for_each = var.subnets

  name                              = each.key
  resource_group_name               = var.resource_group_name
  virtual_network_name              = azurerm_virtual_network.this.name
  address_prefixes                  = [local.cidrs[each.key]]
  private_endpoint_network_policies = each.value.private_endpoint_network_policies

  dynamic "service_endpoint" {
    for_each = each.value.service_endpoints
    content {
      service = service_endpoint.value
    }
  }

  dynamic "delegation" {
    for_each = each.value.delegation == null ? [] : [each.value.delegation]
    content {
      name = replace(delegation.value, "/", ".")
      service_delegation {
        name    = delegation.value
        actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
      }
    }
  }

  lifecycle {
    precondition {
      condition     = local.ip_budget[each.key].needed <= local.ip_budget[each.key].available
      error_message = "The subnet \"${each.key}\" (${local.cidrs[each.key]}) has ${local.ip_budget[each.key].available} addresses for nodes and needs ${local.ip_budget[each.key].needed} (${local.ip_budget[each.key].sum}). Give it a /${local.sufficient_prefix[each.key]} or larger, fewer nodes, or fewer pods a node."
    }
  }
}

resource "azurerm_network_security_group" "this" {
  for_each = { for name, subnet in var.subnets : name => subnet if subnet.security_rules != null }

  name                = "nsg-${var.name}-${each.key}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

locals {
  security_rules = merge([
    for subnet_name, subnet in var.subnets : {
      for rule_name, rule in coalesce(subnet.security_rules, {}) :
      "${subnet_name}/${rule_name}" => merge(rule, { subnet = subnet_name, name = rule_name })
    }
  ]...)
}

resource "azurerm_network_security_rule" "this" {
  for_each = local.security_rules

  name                        = each.value.name
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.this[each.value.subnet].name
  priority                    = each.value.priority
  direction                   = each.value.direction
  access                      = each.value.access
  protocol                    = each.value.protocol
  source_port_range           = "*"
  source_address_prefix       = each.value.source_prefix
  destination_address_prefix  = each.value.destination_prefix
  destination_port_range      = length(each.value.ports) == 1 ? one(each.value.ports) : null
  destination_port_ranges     = length(each.value.ports) == 1 ? null : each.value.ports
}

resource "azurerm_subnet_network_security_group_association" "this" {
  for_each = azurerm_network_security_group.this

  subnet_id                 = azurerm_subnet.this[each.key].id
  network_security_group_id = each.value.id

  # Rules first: no moment with an open group in front of a subnet.
  depends_on = [azurerm_network_security_rule.this]
}
