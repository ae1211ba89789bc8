output "id" {
  description = "Id of the address."
  value       = azurerm_public_ip.this.id
}

output "ip" {
  description = "The address."
  value       = azurerm_public_ip.this.ip_address
}

output "fqdn" {
  description = "Host name that leads to the address."
  value       = azurerm_public_ip.this.fqdn
}

output "service_annotations" {
  description = "Annotations that make AKS use this address for a Kubernetes service of type LoadBalancer."
  value = {
    "service.beta.kubernetes.io/azure-load-balancer-resource-group" = var.resource_group_name
    "service.beta.kubernetes.io/azure-pip-name"                     = azurerm_public_ip.this.name
  }
}
