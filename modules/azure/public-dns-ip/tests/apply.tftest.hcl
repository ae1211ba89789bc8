# Makes an address and removes it again: against the emulator, or in a subscription.

provider "azurerm" {
  features {}
}

variables {
  name      = "pip-address-test"
  location  = "westeurope"
  dns_label = "terrane-address-test"
}

run "group" {
  module {
    source = "../testing/resource-group"
  }
  variables {
    name = "rg-address-test"
  }
}

run "address" {
  variables {
    resource_group_name = run.group.name
  }

  assert {
    condition     = output.fqdn == "terrane-address-test.westeurope.cloudapp.azure.com"
    error_message = "The label is the first part of the host name."
  }
  assert {
    condition     = can(cidrhost("${output.ip}/32", 0))
    error_message = "The address is known."
  }
}
