output "id" {
  description = "Id of the server."
  value       = azurerm_postgresql_flexible_server.this.id
}

output "fqdn" {
  description = "Host name of the server."
  value       = azurerm_postgresql_flexible_server.this.fqdn
}

output "port" {
  description = "Port of the server."
  value       = 5432
}

output "administrator_login" {
  description = "Name of the administrator."
  value       = azurerm_postgresql_flexible_server.this.administrator_login
}

output "administrator_password" {
  description = "Password of the administrator."
  value       = local.password
  sensitive   = true
}

output "urls" {
  description = "URL of each database, with the administrator's name and password, over TLS."
  sensitive   = true
  value = {
    for name, database in azurerm_postgresql_flexible_server_database.this :
    name => "postgresql://${urlencode(var.administrator_login)}:${urlencode(local.password)}@${azurerm_postgresql_flexible_server.this.fqdn}:5432/${database.name}?sslmode=require"
  }
}
