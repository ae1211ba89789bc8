output "id" {
  description = "Id of the registry."
  value       = azurerm_container_registry.this.id
}

output "login_server" {
  description = "Host name of the registry, the first part of its images' names."
  value       = azurerm_container_registry.this.login_server
}

output "credentials" {
  description = "Name and password of the admin user; null without one."
  sensitive   = true
  value = var.admin_enabled ? {
    username = azurerm_container_registry.this.admin_username
    password = azurerm_container_registry.this.admin_password
  } : null
}

output "dockerconfigjson" {
  description = "The admin user's credentials as a Kubernetes pull secret wants them; null without one."
  sensitive   = true
  value = var.admin_enabled ? jsonencode({
    auths = {
      (azurerm_container_registry.this.login_server) = {
        username = azurerm_container_registry.this.admin_username
        password = azurerm_container_registry.this.admin_password
        auth     = base64encode("${azurerm_container_registry.this.admin_username}:${azurerm_container_registry.this.admin_password}")
      }
    }
  }) : null
}
