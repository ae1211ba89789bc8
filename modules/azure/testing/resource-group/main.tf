# The resource group that the tests work in.

terraform {
  required_providers {
    azurerm = {
      source = "hashicorp/azurerm"
    }
  }
}

variable "name" {
  type        = string
  description = "Name of the group."
}

variable "location" {
  type        = string
  default     = "westeurope"
  description = "Region of the group."
}

resource "azurerm_resource_group" "this" {
  name     = var.name
  location = var.location
}

output "name" {
  description = "Name of the group."
  value       = azurerm_resource_group.this.name
}
