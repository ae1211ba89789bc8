# Plans only: what the inputs turn into, and the refusals, with a provider that answers by itself.

mock_provider "azurerm" {}

variables {
  name                = "aks-test"
  resource_group_name = "rg-test"
  location            = "westeurope"
  subnet_id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-test/providers/Microsoft.Network/virtualNetworks/vnet-test/subnets/nodes"
}

run "defaults" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.dns_prefix == "aks-test"
    error_message = "The host name starts with the cluster's name."
  }
  assert {
    condition     = azurerm_kubernetes_cluster.this.network_profile[0].dns_service_ip == "172.16.0.10"
    error_message = "The DNS service has the tenth address of the service range."
  }
  assert {
    condition     = !azurerm_kubernetes_cluster.this.default_node_pool[0].only_critical_addons_enabled
    error_message = "Without user pools the system pool takes every pod."
  }
  assert {
    condition     = !azurerm_kubernetes_cluster.this.local_account_disabled
    error_message = "Without Entra groups the local account is the only one."
  }
}

run "pools" {
  command = plan

  variables {
    user_pools = {
      web     = { min_count = 2, max_count = 6, labels = { role = "web" } }
      workers = { count = 3, taints = ["work=yes:NoSchedule"] }
      cheap   = { min_count = 0, max_count = 9, spot = true }
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.default_node_pool[0].only_critical_addons_enabled
    error_message = "With user pools the system pool takes critical add-ons only."
  }
  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.user["web"].auto_scaling_enabled && !azurerm_kubernetes_cluster_node_pool.user["workers"].auto_scaling_enabled
    error_message = "A pool with a range of sizes scales by itself, one with a count does not."
  }
  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.user["cheap"].priority == "Spot" && azurerm_kubernetes_cluster_node_pool.user["cheap"].spot_max_price == -1
    error_message = "A spot pool pays the market's price."
  }
  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.user["cheap"].node_labels["kubernetes.azure.com/scalesetpriority"] == "spot"
    error_message = "A spot pool has the label that Azure would add."
  }
  assert {
    condition     = length(azurerm_kubernetes_cluster_node_pool.user["cheap"].upgrade_settings) == 0
    error_message = "A spot pool has no surge nodes."
  }
}

run "entra_groups_turn_local_accounts_off" {
  command = plan

  variables {
    admin_group_object_ids = ["11111111-1111-1111-1111-111111111111"]
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.local_account_disabled
    error_message = "Where Entra decides, no local account goes around it."
  }
}

run "count_and_range" {
  command         = plan
  expect_failures = [var.system_pool]

  variables {
    system_pool = { count = 2, min_count = 1, max_count = 3 }
  }
}

run "pool_name_too_long" {
  command         = plan
  expect_failures = [var.user_pools]

  variables {
    user_pools = { applications1 = { count = 1 } }
  }
}

run "least_above_most" {
  command         = plan
  expect_failures = [var.user_pools]

  variables {
    user_pools = { web = { min_count = 5, max_count = 2 } }
  }
}

run "dns_address_outside_the_service_range" {
  command         = plan
  expect_failures = [var.network]

  variables {
    network = { dns_service_ip = "172.17.0.10" }
  }
}

run "dns_address_of_the_api_server" {
  command         = plan
  expect_failures = [var.network]

  variables {
    network = { dns_service_ip = "172.16.0.1" }
  }
}

run "cilium_needs_its_data_plane" {
  command         = plan
  expect_failures = [var.network]

  variables {
    network = { policy = "cilium" }
  }
}

run "pod_range_without_overlay" {
  command         = plan
  expect_failures = [var.network]

  variables {
    network = { pod_cidr = "10.244.0.0/16" }
  }
}

run "version_in_words" {
  command         = plan
  expect_failures = [var.kubernetes_version]

  variables {
    kubernetes_version = "latest"
  }
}

run "window_too_short" {
  command         = plan
  expect_failures = [var.maintenance]

  variables {
    maintenance = { day_of_week = "Sunday", hours = 2 }
  }
}
