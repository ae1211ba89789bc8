# Plans only: what the inputs turn into, and the refusals, with a provider that answers by itself.

mock_provider "azurerm" {}

variables {
  name                = "pip-test"
  resource_group_name = "rg-test"
  location            = "westeurope"
  dns_label           = "airflow-test"
}

run "address" {
  command = plan

  assert {
    condition     = azurerm_public_ip.this.allocation_method == "Static" && azurerm_public_ip.this.sku == "Standard"
    error_message = "AKS takes static addresses of the SKU Standard."
  }
  assert {
    condition     = output.service_annotations["service.beta.kubernetes.io/azure-pip-name"] == "pip-test"
    error_message = "The annotations name the address."
  }
}

run "label_with_dots" {
  command         = plan
  expect_failures = [var.dns_label]

  variables {
    dns_label = "airflow.test"
  }
}
