# Makes an account with shares and removes it again: against the emulator, or in a subscription.

provider "azurerm" {
  features {}
}

variables {
  account_name = "terranefilesharestest"
  location     = "westeurope"
}

run "group" {
  module {
    source = "../testing/resource-group"
  }
  variables {
    name = "rg-shares-test"
  }
}

run "shares" {
  variables {
    resource_group_name = run.group.name
    shares              = { dags = 5, logs = 50 }
  }

  assert {
    condition     = join(",", sort(output.share_names)) == "dags,logs"
    error_message = "Both shares exist."
  }
  assert {
    condition     = length(output.key) == 88
    error_message = "The account has a key."
  }
}

run "larger" {
  variables {
    resource_group_name = run.group.name
    shares              = { dags = 10, logs = 50 }
  }

  assert {
    condition     = output.account_id == run.shares.account_id
    error_message = "A share grows in place."
  }
}
