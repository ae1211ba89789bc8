# A state in a blob of the emulated cloud, locked by leases.

terraform {
  backend "azurerm" {
    resource_group_name  = "rg-state"
    storage_account_name = "terranestates"
    container_name       = "states"
    key                  = "production.tfstate"
  }
}

resource "terraform_data" "kept" {
  input = "kept"
}
