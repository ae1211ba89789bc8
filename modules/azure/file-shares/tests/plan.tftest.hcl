# Plans only: what the inputs turn into, and the refusals, with a provider that answers by itself.

mock_provider "azurerm" {}

variables {
  account_name        = "filesharestest"
  resource_group_name = "rg-test"
  location            = "westeurope"
  shares              = { dags = 5, logs = 100 }
}

run "standard" {
  command = plan

  assert {
    condition     = azurerm_storage_account.this.account_kind == "StorageV2" && length(azurerm_storage_share.this) == 2
    error_message = "An account holds the shares."
  }
  assert {
    condition     = azurerm_storage_share.this["logs"].quota == 100
    error_message = "Each share has its size."
  }
}

run "premium" {
  command = plan

  variables {
    premium = true
    shares  = { logs = 100 }
  }

  assert {
    condition     = azurerm_storage_account.this.account_kind == "FileStorage" && azurerm_storage_account.this.account_tier == "Premium"
    error_message = "Premium shares have accounts of their own kind."
  }
}

run "premium_starts_at_100" {
  command         = plan
  expect_failures = [var.shares]

  variables {
    premium = true
  }
}

run "premium_stays_in_its_region" {
  command         = plan
  expect_failures = [var.replication]

  variables {
    premium     = true
    shares      = { logs = 100 }
    replication = "GRS"
  }
}

run "capitals_in_the_name" {
  command         = plan
  expect_failures = [var.account_name]

  variables {
    account_name = "FileShares"
  }
}
