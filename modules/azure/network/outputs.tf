output "id" {
  description = "Id of the virtual network."
  value       = azurerm_virtual_network.this.id
}

output "name" {
  description = "Name of the virtual network."
  value       = azurerm_virtual_network.this.name
}

output "subnet_ids" {
  description = "Ids of the subnets by name; known when their security groups are in place."
  value       = { for name, subnet in azurerm_subnet.this : name => subnet.id }
  depends_on  = [azurerm_subnet_network_security_group_association.this]
}

output "subnet_cidrs" {
  description = "Ranges of the subnets by name."
  value       = local.cidrs
}

output "ip_budget" {
  description = "For each subnet with nodes: the addresses it has, those its node pools need at full size during an upgrade, and the sum behind that."
  value       = { for name, budget in local.ip_budget : name => budget if budget.needed > 0 }
}
