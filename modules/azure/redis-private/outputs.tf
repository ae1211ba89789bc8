output "id" {
  description = "Id of the cache."
  value       = local.id
}

output "host" {
  description = "Host name of the cache; it resolves to the private address from the linked network."
  value       = local.host
}

output "port" {
  description = "Port for TLS connections."
  value       = local.port
}

output "private_ip" {
  description = "Address of the private endpoint."
  value       = azurerm_private_endpoint.this.private_service_connection[0].private_ip_address
}

output "key" {
  description = "Primary access key."
  value       = local.key
  sensitive   = true
}

output "url" {
  description = "URL for clients; known when the endpoint and the zone's link are in place."
  value       = "rediss://:${urlencode(local.key)}@${local.host}:${local.port}/0"
  sensitive   = true
  depends_on  = [azurerm_private_endpoint.this, azurerm_private_dns_zone_virtual_network_link.this]
}
