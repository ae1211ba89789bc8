# Arguments that platforms rarely give.

terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }
}

provider "azurerm" {
  features {}
}

variable "prefix" {
  type    = string
  default = "terraneopts"
}

variable "environment" {
  type    = string
  default = "test"
}

locals {
  location = azurerm_resource_group.options.location
  group    = azurerm_resource_group.options.name
  tags     = { environment = var.environment }
}

data "azurerm_client_config" "current" {}

resource "azurerm_resource_group" "options" {
  name     = "rg-options"
  location = "Sweden Central"
  tags     = local.tags
}

resource "azurerm_user_assigned_identity" "options" {
  count               = 2
  name                = "identity-${count.index}"
  location            = local.location
  resource_group_name = local.group
}

resource "azurerm_log_analytics_workspace" "options" {
  name                           = "logs"
  location                       = local.location
  resource_group_name            = local.group
  sku                            = "PerGB2018"
  retention_in_days              = 90
  daily_quota_gb                 = 5
  internet_ingestion_access_type = "Disabled"
  tags                           = local.tags

  identity {
    type = "SystemAssigned"
  }
}

resource "azurerm_application_insights" "options" {
  name                 = "app"
  location             = local.location
  resource_group_name  = local.group
  application_type     = "other"
  workspace_id         = azurerm_log_analytics_workspace.options.id
  daily_data_cap_in_gb = 2
  retention_in_days    = 30
  sampling_percentage  = 50
  ip_masking_enabled   = false
  tags                 = local.tags
}

resource "azurerm_virtual_network" "options" {
  name                           = "net"
  location                       = local.location
  resource_group_name            = local.group
  address_space                  = ["10.4.0.0/16", "10.5.0.0/16"]
  flow_timeout_in_minutes        = 10
  private_endpoint_vnet_policies = "Basic"
  tags                           = local.tags

  encryption {
    enforcement = "AllowUnencrypted"
  }
}

resource "azurerm_subnet" "nodes" {
  name                                          = "nodes"
  resource_group_name                           = local.group
  virtual_network_name                          = azurerm_virtual_network.options.name
  address_prefixes                              = ["10.4.0.0/20"]
  default_outbound_access_enabled               = false
  private_endpoint_network_policies             = "NetworkSecurityGroupEnabled"
  private_link_service_network_policies_enabled = false

  service_endpoint {
    service = "Microsoft.Storage"
  }

  service_endpoint {
    service = "Microsoft.KeyVault"
  }
}

resource "azurerm_subnet" "pods" {
  name                 = "pods"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.options.name
  address_prefixes     = ["10.5.0.0/17"]

  delegation {
    name = "aks"
    service_delegation {
      name    = "Microsoft.ContainerService/managedClusters"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_subnet" "endpoints" {
  name                 = "endpoints"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.options.name
  address_prefixes     = ["10.4.16.0/24"]
}

resource "azurerm_subnet" "cache" {
  name                 = "cache"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.options.name
  address_prefixes     = ["10.4.17.0/24"]
}

resource "azurerm_virtual_network" "inline" {
  name                = "inline"
  location            = local.location
  resource_group_name = local.group
  address_space       = ["10.6.0.0/16"]

  subnet {
    name             = "one"
    address_prefixes = ["10.6.1.0/24"]
    security_group   = azurerm_network_security_group.inline.id
  }

  subnet {
    name             = "two"
    address_prefixes = ["10.6.2.0/24"]
  }
}

resource "azurerm_network_security_group" "inline" {
  name                = "inline"
  location            = local.location
  resource_group_name = local.group
  tags                = local.tags

  security_rule {
    name                       = "web"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_ranges    = ["80", "443", "8000-8100"]
    source_address_prefixes    = ["203.0.113.0/24", "198.51.100.0/24"]
    destination_address_prefix = "VirtualNetwork"
    description                = "from the offices"
  }

  security_rule {
    name                       = "nothing-else"
    priority                   = 4000
    direction                  = "Inbound"
    access                     = "Deny"
    protocol                   = "*"
    source_port_range          = "*"
    destination_port_range     = "*"
    source_address_prefix      = "*"
    destination_address_prefix = "*"
  }
}

resource "azurerm_route_table" "inline" {
  name                = "inline"
  location            = local.location
  resource_group_name = local.group

  route {
    name           = "internet"
    address_prefix = "0.0.0.0/0"
    next_hop_type  = "Internet"
  }

  route {
    name                   = "firewall"
    address_prefix         = "10.7.0.0/16"
    next_hop_type          = "VirtualAppliance"
    next_hop_in_ip_address = "10.4.16.9"
  }
}

resource "azurerm_public_ip" "zoned" {
  name                    = "zoned"
  location                = local.location
  resource_group_name     = local.group
  allocation_method       = "Static"
  sku                     = "Standard"
  zones                   = ["1", "2", "3"]
  idle_timeout_in_minutes = 15
  domain_name_label       = "${var.prefix}-zoned"
  ddos_protection_mode    = "Disabled"
  tags                    = local.tags
}

resource "azurerm_nat_gateway" "zoned" {
  name                = "zoned"
  location            = local.location
  resource_group_name = local.group
  sku_name            = "Standard"
  zones               = ["1"]
  tags                = local.tags
}

resource "azurerm_lb" "internal" {
  name                = "internal"
  location            = local.location
  resource_group_name = local.group
  sku                 = "Standard"
  tags                = local.tags

  frontend_ip_configuration {
    name                          = "private"
    subnet_id                     = azurerm_subnet.endpoints.id
    private_ip_address_allocation = "Static"
    private_ip_address            = "10.4.16.100"
    zones                         = ["1", "2", "3"]
  }

  frontend_ip_configuration {
    name      = "dynamic"
    subnet_id = azurerm_subnet.endpoints.id
  }
}

resource "azurerm_lb_backend_address_pool" "internal" {
  name            = "nodes"
  loadbalancer_id = azurerm_lb.internal.id
}

resource "azurerm_lb_rule" "internal" {
  name                           = "all"
  loadbalancer_id                = azurerm_lb.internal.id
  protocol                       = "All"
  frontend_port                  = 0
  backend_port                   = 0
  frontend_ip_configuration_name = "private"
  backend_address_pool_ids       = [azurerm_lb_backend_address_pool.internal.id]
  idle_timeout_in_minutes        = 30
  load_distribution              = "SourceIP"
}

# Kubernetes.

resource "azurerm_kubernetes_cluster" "options" {
  name                         = "aks"
  location                     = local.location
  resource_group_name          = local.group
  dns_prefix                   = "options"
  sku_tier                     = "Standard"
  node_resource_group          = "rg-options-nodes"
  automatic_upgrade_channel    = "stable"
  node_os_upgrade_channel      = "NodeImage"
  azure_policy_enabled         = true
  cost_analysis_enabled        = true
  image_cleaner_enabled        = true
  image_cleaner_interval_hours = 48
  local_account_disabled       = true
  oidc_issuer_enabled          = true
  workload_identity_enabled    = true
  run_command_enabled          = false
  tags                         = local.tags

  default_node_pool {
    name                         = "system"
    vm_size                      = "Standard_D4ds_v5"
    node_count                   = 3
    vnet_subnet_id               = azurerm_subnet.nodes.id
    pod_subnet_id                = azurerm_subnet.pods.id
    max_pods                     = 60
    os_disk_type                 = "Ephemeral"
    os_disk_size_gb              = 100
    os_sku                       = "AzureLinux"
    only_critical_addons_enabled = true
    temporary_name_for_rotation  = "rotation"
    zones                        = ["1", "2", "3"]
    node_labels                  = { pool = "system" }
    tags                         = local.tags

    upgrade_settings {
      max_surge                     = "10%"
      drain_timeout_in_minutes      = 30
      node_soak_duration_in_minutes = 5
    }

    kubelet_config {
      cpu_manager_policy      = "static"
      image_gc_high_threshold = 80
      image_gc_low_threshold  = 60
      pod_max_pid             = 4096
    }

    linux_os_config {
      swap_file_size_mb = 1024
      sysctl_config {
        net_core_somaxconn = 16384
        vm_max_map_count   = 262144
      }
    }
  }

  node_provisioning_profile {
    mode = "Manual"
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.options[0].id]
  }

  api_server_access_profile {
    authorized_ip_ranges = ["203.0.113.0/24"]
  }

  auto_scaler_profile {
    balance_similar_node_groups = true
    expander                    = "least-waste"
    scale_down_unneeded         = "5m"
    scan_interval               = "20s"
  }

  azure_active_directory_role_based_access_control {
    azure_rbac_enabled     = true
    admin_group_object_ids = ["33333333-3333-3333-3333-333333333333"]
    tenant_id              = data.azurerm_client_config.current.tenant_id
  }

  key_vault_secrets_provider {
    secret_rotation_enabled  = true
    secret_rotation_interval = "5m"
  }

  linux_profile {
    admin_username = "operator"
    ssh_key {
      key_data = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC3 operator"
    }
  }

  maintenance_window {
    allowed {
      day   = "Sunday"
      hours = [1, 2, 3]
    }
  }

  maintenance_window_node_os {
    frequency   = "Weekly"
    interval    = 1
    duration    = 6
    day_of_week = "Saturday"
    start_time  = "03:00"
    utc_offset  = "+01:00"
  }

  microsoft_defender {
    log_analytics_workspace_id = azurerm_log_analytics_workspace.options.id
  }

  monitor_metrics {
    labels_allowed = "namespaces=[team]"
  }

  network_profile {
    network_plugin     = "azure"
    network_data_plane = "cilium"
    network_policy     = "cilium"
    outbound_type      = "loadBalancer"
    service_cidr       = "172.20.0.0/16"
    dns_service_ip     = "172.20.0.10"

    load_balancer_profile {
      managed_outbound_ip_count = 2
      outbound_ports_allocated  = 1024
      idle_timeout_in_minutes   = 10
    }
  }

  oms_agent {
    log_analytics_workspace_id      = azurerm_log_analytics_workspace.options.id
    msi_auth_for_monitoring_enabled = true
  }

  service_mesh_profile {
    mode                             = "Istio"
    revisions                        = ["asm-1-25"]
    internal_ingress_gateway_enabled = true
  }

  storage_profile {
    blob_driver_enabled = true
    disk_driver_enabled = true
    file_driver_enabled = true
  }

  web_app_routing {
    dns_zone_ids = [azurerm_dns_zone.options.id]
  }

  workload_autoscaler_profile {
    keda_enabled                    = true
    vertical_pod_autoscaler_enabled = true
  }
}

resource "azurerm_kubernetes_cluster_node_pool" "memory" {
  name                  = "memory"
  kubernetes_cluster_id = azurerm_kubernetes_cluster.options.id
  vm_size               = "Standard_E8ds_v5"
  vnet_subnet_id        = azurerm_subnet.nodes.id
  pod_subnet_id         = azurerm_subnet.pods.id
  auto_scaling_enabled  = true
  min_count             = 0
  max_count             = 5
  os_disk_size_gb       = 200
  zones                 = ["1"]
  node_taints           = ["workload=memory:NoSchedule"]
  node_labels           = { workload = "memory" }
  scale_down_mode       = "Deallocate"
  tags                  = local.tags

  upgrade_settings {
    max_surge = "1"
  }
}

resource "azurerm_kubernetes_cluster" "private" {
  name                                = "private"
  location                            = local.location
  resource_group_name                 = local.group
  dns_prefix_private_cluster          = "private"
  private_cluster_enabled             = true
  private_dns_zone_id                 = azurerm_private_dns_zone.cluster.id
  private_cluster_public_fqdn_enabled = false

  default_node_pool {
    name           = "default"
    vm_size        = "Standard_D2s_v5"
    node_count     = 1
    vnet_subnet_id = azurerm_subnet.nodes.id
  }

  node_provisioning_profile {
    mode = "Manual"
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.options[0].id]
  }

  kubelet_identity {
    client_id                 = azurerm_user_assigned_identity.options[1].client_id
    object_id                 = azurerm_user_assigned_identity.options[1].principal_id
    user_assigned_identity_id = azurerm_user_assigned_identity.options[1].id
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    outbound_type       = "userAssignedNATGateway"
    pod_cidr            = "192.168.0.0/16"
    service_cidr        = "172.21.0.0/16"
    dns_service_ip      = "172.21.0.10"
  }
}

# Names and endpoints.

resource "azurerm_dns_zone" "options" {
  name                = "options.example.com"
  resource_group_name = local.group
  tags                = local.tags
}

resource "azurerm_dns_a_record" "alias" {
  name                = "@"
  zone_name           = azurerm_dns_zone.options.name
  resource_group_name = local.group
  ttl                 = 60
  target_resource_id  = azurerm_public_ip.zoned.id
}

resource "azurerm_private_dns_zone" "cluster" {
  name                = "privatelink.swedencentral.azmk8s.io"
  resource_group_name = local.group
  tags                = local.tags
}

resource "azurerm_private_dns_zone" "blob" {
  name                = "privatelink.blob.core.windows.net"
  resource_group_name = local.group

  soa_record {
    email        = "hostmaster.example.com"
    expire_time  = 2419200
    minimum_ttl  = 300
    refresh_time = 3600
    retry_time   = 300
    ttl          = 3600
  }
}

resource "azurerm_private_dns_zone_virtual_network_link" "blob" {
  name                 = "blob"
  private_dns_zone_id  = azurerm_private_dns_zone.blob.id
  virtual_network_id   = azurerm_virtual_network.options.id
  registration_enabled = true
  tags                 = local.tags
}

resource "azurerm_private_endpoint" "blob" {
  name                          = "blob"
  location                      = local.location
  resource_group_name           = local.group
  subnet_id                     = azurerm_subnet.endpoints.id
  custom_network_interface_name = "blob-nic"
  tags                          = local.tags

  private_service_connection {
    name                           = "blob"
    private_connection_resource_id = azurerm_storage_account.options.id
    subresource_names              = ["blob"]
    is_manual_connection           = true
    request_message                = "please"
  }

  ip_configuration {
    name               = "fixed"
    private_ip_address = "10.4.16.50"
    subresource_name   = "blob"
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.blob.id]
  }
}

# Data.

resource "azurerm_storage_account" "options" {
  name                              = "${var.prefix}files"
  location                          = local.location
  resource_group_name               = local.group
  account_kind                      = "StorageV2"
  account_tier                      = "Standard"
  account_replication_type          = "RAGRS"
  access_tier                       = "Cool"
  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  infrastructure_encryption_enabled = true
  shared_access_key_enabled         = true
  local_user_enabled                = false
  tags                              = local.tags

  identity {
    type         = "SystemAssigned, UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.options[1].id]
  }

  blob_properties {
    versioning_enabled            = true
    change_feed_enabled           = true
    change_feed_retention_in_days = 7
    last_access_time_enabled      = true

    delete_retention_policy {
      days = 14
    }

    container_delete_retention_policy {
      days = 10
    }

    cors_rule {
      allowed_headers    = ["*"]
      allowed_methods    = ["GET", "HEAD"]
      allowed_origins    = ["https://example.com"]
      exposed_headers    = ["x-ms-meta-*"]
      max_age_in_seconds = 3600
    }
  }

  share_properties {
    retention_policy {
      days = 5
    }

    smb {
      versions = ["SMB3.1.1"]
    }
  }

  network_rules {
    default_action             = "Deny"
    bypass                     = ["AzureServices", "Metrics"]
    ip_rules                   = ["203.0.113.0/24"]
    virtual_network_subnet_ids = [azurerm_subnet.nodes.id]
  }

  sas_policy {
    expiration_period = "01.12:00:00"
  }
}

resource "azurerm_storage_share" "options" {
  name               = "share"
  storage_account_id = azurerm_storage_account.options.id
  quota              = 100
  access_tier        = "Hot"
  metadata           = { purpose = "logs" }
}

resource "azurerm_postgresql_flexible_server" "primary" {
  name                         = "${var.prefix}-pg"
  location                     = local.location
  resource_group_name          = local.group
  version                      = "16"
  administrator_login          = "operator"
  administrator_password       = "Passw0rd-of-the-emulator"
  sku_name                     = "GP_Standard_D4ds_v5"
  storage_mb                   = 131072
  storage_tier                 = "P15"
  auto_grow_enabled            = true
  backup_retention_days        = 30
  geo_redundant_backup_enabled = true
  zone                         = "2"
  tags                         = local.tags

  authentication {
    active_directory_auth_enabled = true
    password_auth_enabled         = true
    tenant_id                     = data.azurerm_client_config.current.tenant_id
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.options[0].id]
  }
}

resource "azurerm_postgresql_flexible_server" "replica" {
  name                = "${var.prefix}-pg-replica"
  location            = local.location
  resource_group_name = local.group
  create_mode         = "Replica"
  source_server_id    = azurerm_postgresql_flexible_server.primary.id
  version             = "16"
  sku_name            = "GP_Standard_D4ds_v5"
  storage_mb          = 131072
  zone                = "1"
}

resource "azurerm_container_registry" "options" {
  name                          = "${var.prefix}acr"
  location                      = local.location
  resource_group_name           = local.group
  sku                           = "Premium"
  data_endpoint_enabled         = true
  retention_policy_in_days      = 15
  export_policy_enabled         = true
  public_network_access_enabled = true
  network_rule_bypass_option    = "AzureServices"
  tags                          = local.tags

  identity {
    type = "SystemAssigned"
  }

  georeplications {
    location                        = "North Europe"
    global_endpoint_routing_enabled = true
    zone_redundancy_enabled         = true
    tags                            = local.tags
  }

  network_rule_set = [{
    default_action = "Deny"
    ip_rule        = [{ action = "Allow", ip_range = "203.0.113.0/24" }]
  }]
}

resource "azurerm_redis_cache" "options" {
  name                = "${var.prefix}-redis"
  location            = local.location
  resource_group_name = local.group
  capacity            = 1
  family              = "P"
  sku_name            = "Premium"
  subnet_id           = azurerm_subnet.cache.id
  zones               = ["1", "2"]
  redis_version       = "6"
  tags                = local.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.options[0].id]
  }

  redis_configuration {
    maxmemory_policy                        = "volatile-lfu"
    notify_keyspace_events                  = "KEA"
    active_directory_authentication_enabled = true
    rdb_backup_enabled                      = true
    rdb_backup_frequency                    = 60
    rdb_backup_max_snapshot_count           = 1
    rdb_storage_connection_string           = azurerm_storage_account.options.primary_blob_connection_string
    data_persistence_authentication_method  = "SAS"
  }
}

resource "azurerm_managed_redis" "options" {
  name                      = "${var.prefix}-managed"
  location                  = local.location
  resource_group_name       = local.group
  sku_name                  = "MemoryOptimized_M10"
  high_availability_enabled = false
  public_network_access     = "Disabled"
  tags                      = local.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.options[1].id]
  }

  default_database {
    client_protocol   = "Plaintext"
    clustering_policy = "EnterpriseCluster"
    eviction_policy   = "NoEviction"

    module {
      name = "RediSearch"
    }
  }
}

resource "azurerm_role_assignment" "conditional" {
  scope                = azurerm_storage_account.options.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.options[1].principal_id
  principal_type       = "ServicePrincipal"
  description          = "for the application"
  condition_version    = "2.0"
  condition            = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'data'"
}
