output "account_id" {
  description = "Id of the storage account."
  value       = azurerm_storage_account.this.id
}

output "account_name" {
  description = "Name of the storage account, as volumes want it."
  value       = azurerm_storage_account.this.name
}

output "key" {
  description = "Primary key of the account."
  value       = azurerm_storage_account.this.primary_access_key
  sensitive   = true
}

output "share_names" {
  description = "Names of the shares; known when they exist."
  value       = [for share in azurerm_storage_share.this : share.name]
}
