resource "azurerm_user_assigned_identity" "this" {
  name                = "id-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

# The cluster writes routes, load balancers and addresses into a network that is not its own.
resource "azurerm_role_assignment" "network" {
  scope                            = var.subnet_id
  role_definition_name             = "Network Contributor"
  principal_id                     = azurerm_user_assigned_identity.this.principal_id
  principal_type                   = "ServicePrincipal"
  skip_service_principal_aad_check = true
}

resource "azurerm_kubernetes_cluster" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  dns_prefix          = coalesce(var.dns_prefix, var.name)
  kubernetes_version  = var.kubernetes_version
  sku_tier            = var.sku_tier
  tags                = var.tags

  automatic_upgrade_channel = var.automatic_upgrade_channel
  oidc_issuer_enabled       = true
  workload_identity_enabled = true
  local_account_disabled    = var.admin_group_object_ids != null

  default_node_pool {
    name                         = "system"
    vm_size                      = var.system_pool.vm_size
    node_count                   = var.system_pool.count
    auto_scaling_enabled         = var.system_pool.count == null
    min_count                    = var.system_pool.min_count
    max_count                    = var.system_pool.max_count
    max_pods                     = var.system_pool.max_pods
    zones                        = var.system_pool.zones
    os_disk_size_gb              = var.system_pool.os_disk_size_gb
    os_disk_type                 = var.system_pool.os_disk_type
    vnet_subnet_id               = var.subnet_id
    only_critical_addons_enabled = length(var.user_pools) > 0
    orchestrator_version         = var.kubernetes_version
    temporary_name_for_rotation  = "systemtmp"
    tags                         = var.tags

    upgrade_settings {
      max_surge = var.system_pool.max_surge
    }
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  network_profile {
    network_plugin      = var.network.plugin
    network_plugin_mode = var.network.plugin_mode
    network_policy      = var.network.policy
    network_data_plane  = var.network.data_plane
    service_cidr        = var.network.service_cidr
    dns_service_ip      = coalesce(var.network.dns_service_ip, cidrhost(var.network.service_cidr, 10))
    pod_cidr            = var.network.pod_cidr
    outbound_type       = var.network.outbound_type
    load_balancer_sku   = "standard"
  }

  node_provisioning_profile {
    mode = "Manual"
  }

  dynamic "api_server_access_profile" {
    for_each = length(var.authorized_ip_ranges) > 0 ? [var.authorized_ip_ranges] : []
    content {
      authorized_ip_ranges = api_server_access_profile.value
    }
  }

  dynamic "azure_active_directory_role_based_access_control" {
    for_each = var.admin_group_object_ids == null ? [] : [var.admin_group_object_ids]
    content {
      azure_rbac_enabled     = true
      admin_group_object_ids = azure_active_directory_role_based_access_control.value
    }
  }

  dynamic "maintenance_window_auto_upgrade" {
    for_each = var.maintenance == null ? [] : [var.maintenance]
    content {
      frequency   = "Weekly"
      interval    = 1
      day_of_week = maintenance_window_auto_upgrade.value.day_of_week
      start_time  = maintenance_window_auto_upgrade.value.start_time
      utc_offset  = "+00:00"
      duration    = maintenance_window_auto_upgrade.value.hours
    }
  }

  depends_on = [azurerm_role_assignment.network]
}

resource "azurerm_kubernetes_cluster_node_pool" "user" {
  for_each = var.user_pools

  name                        = each.key
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.this.id
  mode                        = "User"
  vm_size                     = each.value.vm_size
  node_count                  = each.value.count
  auto_scaling_enabled        = each.value.count == null
  min_count                   = each.value.min_count
  max_count                   = each.value.max_count
  max_pods                    = each.value.max_pods
  zones                       = each.value.zones
  os_disk_size_gb             = each.value.os_disk_size_gb
  os_disk_type                = each.value.os_disk_type
  vnet_subnet_id              = var.subnet_id
  orchestrator_version        = var.kubernetes_version
  temporary_name_for_rotation = "${substr(each.key, 0, 9)}tmp"
  tags                        = var.tags

  # Azure puts this label and this taint on spot nodes by itself.
  node_labels     = merge(each.value.labels, each.value.spot ? { "kubernetes.azure.com/scalesetpriority" = "spot" } : {})
  node_taints     = concat(each.value.taints, each.value.spot ? ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"] : [])
  priority        = each.value.spot ? "Spot" : "Regular"
  eviction_policy = each.value.spot ? "Delete" : null
  spot_max_price  = each.value.spot ? -1 : null

  # Spot pools take no surge nodes: Azure replaces their nodes one by one.
  dynamic "upgrade_settings" {
    for_each = each.value.spot ? [] : [each.value.max_surge]
    content {
      max_surge = upgrade_settings.value
    }
  }
}

resource "azurerm_role_assignment" "pull" {
  for_each = var.registry_ids

  scope                            = each.value
  role_definition_name             = "AcrPull"
  principal_id                     = one(azurerm_kubernetes_cluster.this.kubelet_identity[*].object_id)
  principal_type                   = "ServicePrincipal"
  skip_service_principal_aad_check = true
}
