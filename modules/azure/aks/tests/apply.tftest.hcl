# Makes a cluster in a network and removes both again: against the emulator, or in a subscription.

provider "azurerm" {
  features {}
}

variables {
  name     = "aks-cluster-test"
  location = "westeurope"
}

run "group" {
  module {
    source = "../testing/resource-group"
  }
  variables {
    name = "rg-cluster-test"
  }
}

run "network" {
  module {
    source = "../network"
  }
  variables {
    name                = "vnet-cluster-test"
    resource_group_name = run.group.name
    address_space       = ["10.20.0.0/16"]
    subnets             = { nodes = { newbits = 6, netnum = 0 } }
  }
}

run "cluster" {
  variables {
    resource_group_name = run.group.name
    subnet_id           = run.network.subnet_ids["nodes"]
    user_pools          = { web = { min_count = 1, max_count = 3, labels = { role = "web" } } }
    maintenance         = { day_of_week = "Sunday" }
  }

  assert {
    condition     = startswith(output.kube_config.host, "https://")
    error_message = "The cluster has an address."
  }
  assert {
    condition     = startswith(output.kube_config.cluster_ca_certificate, "-----BEGIN CERTIFICATE-----")
    error_message = "The certificates are PEM."
  }
  assert {
    condition     = output.node_resource_group == "MC_rg-cluster-test_aks-cluster-test_westeurope"
    error_message = "Azure keeps the nodes in a group of its own."
  }
  assert {
    condition     = can(yamldecode(output.kube_config_raw).clusters[0].cluster.server)
    error_message = "The kubeconfig file is YAML with a server."
  }
}

run "more_nodes_change_in_place" {
  variables {
    resource_group_name = run.group.name
    subnet_id           = run.network.subnet_ids["nodes"]
    user_pools          = { web = { min_count = 1, max_count = 5, labels = { role = "web" } } }
    maintenance         = { day_of_week = "Saturday" }
  }

  assert {
    condition     = output.id == run.cluster.id && output.kubelet_object_id == run.cluster.kubelet_object_id
    error_message = "A larger pool and another day change the cluster in place."
  }
}
