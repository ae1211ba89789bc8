//! Azure resources with hashicorp/azurerm's names, over Azure Resource Manager.
