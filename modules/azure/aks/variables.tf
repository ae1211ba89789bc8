variable "name" {
  type        = string
  description = "Name of the cluster; its identity is named after it."

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$", var.name))
    error_message = "A cluster's name has 1 to 63 letters, digits, '_' and '-', and starts and ends with a letter or digit."
  }
}

variable "resource_group_name" {
  type        = string
  description = "Resource group that holds the cluster."
}

variable "location" {
  type        = string
  description = "Azure region, for instance \"westeurope\"."
}

variable "dns_prefix" {
  type        = string
  default     = null
  description = "First part of the API server's host name; by default the cluster's name. A change replaces the cluster."
}

variable "kubernetes_version" {
  type        = string
  default     = null
  description = "Version of the control plane and the pools, as \"1.33\" or \"1.33.2\"; by default the region's default."

  validation {
    condition     = var.kubernetes_version == null || can(regex("^1\\.[0-9]+(\\.[0-9]+)?$", var.kubernetes_version))
    error_message = "A Kubernetes version is written as \"1.33\" (its latest patch) or \"1.33.2\"."
  }
}

variable "sku_tier" {
  type        = string
  default     = "Free"
  description = "Free, Standard (with an SLA for the API server) or Premium (with long-term support)."

  validation {
    condition     = contains(["Free", "Standard", "Premium"], var.sku_tier)
    error_message = "The SKU tier is Free, Standard or Premium."
  }
}

variable "subnet_id" {
  type        = string
  description = "Subnet of the nodes. The cluster's identity becomes Network Contributor there before the cluster is made."
}

variable "system_pool" {
  type = object({
    vm_size         = optional(string, "Standard_D4s_v5")
    count           = optional(number)
    min_count       = optional(number)
    max_count       = optional(number)
    max_pods        = optional(number, 30)
    max_surge       = optional(string, "10%")
    zones           = optional(set(string))
    os_disk_size_gb = optional(number)
    os_disk_type    = optional(string, "Managed")
  })
  default     = { count = 2 }
  description = "The pool of the system's pods: `count` nodes, or between `min_count` and `max_count` as the autoscaler sees fit."

  validation {
    condition     = (var.system_pool.count != null) != (var.system_pool.min_count != null && var.system_pool.max_count != null)
    error_message = "The system pool has either `count`, or `min_count` and `max_count`."
  }

  validation {
    condition     = coalesce(var.system_pool.count, var.system_pool.min_count, 0) >= 1
    error_message = "The system pool has at least one node."
  }
}

variable "user_pools" {
  type = map(object({
    vm_size         = optional(string, "Standard_D4s_v5")
    count           = optional(number)
    min_count       = optional(number)
    max_count       = optional(number)
    max_pods        = optional(number, 30)
    max_surge       = optional(string, "10%")
    zones           = optional(set(string))
    os_disk_size_gb = optional(number)
    os_disk_type    = optional(string, "Managed")
    labels          = optional(map(string), {})
    taints          = optional(list(string), [])
    spot            = optional(bool, false)
  }))
  default     = {}
  description = "Pools of the applications' pods by name. With at least one of them the system pool takes critical add-ons only."

  validation {
    condition     = alltrue([for name in keys(var.user_pools) : can(regex("^[a-z][a-z0-9]{0,11}$", name))])
    error_message = "A Linux pool's name has 1 to 12 lower-case letters and digits and starts with a letter."
  }

  validation {
    condition = alltrue([
      for pool in var.user_pools : (pool.count != null) != (pool.min_count != null && pool.max_count != null)
    ])
    error_message = "Each pool has either `count`, or `min_count` and `max_count`."
  }

  validation {
    condition = alltrue([
      for pool in var.user_pools : coalesce(pool.min_count, 0) <= coalesce(pool.max_count, 1000)
    ])
    error_message = "A pool's min_count is at most its max_count."
  }
}

variable "network" {
  type = object({
    plugin         = optional(string, "azure")
    plugin_mode    = optional(string)
    policy         = optional(string, "azure")
    data_plane     = optional(string)
    service_cidr   = optional(string, "172.16.0.0/16")
    dns_service_ip = optional(string)
    pod_cidr       = optional(string)
    outbound_type  = optional(string, "loadBalancer")
  })
  default     = {}
  description = <<-EOT
    The cluster's network: `plugin` azure, kubenet or none; `plugin_mode` overlay takes the pods' addresses from `pod_cidr`
    instead of the subnet; `policy` azure, calico or cilium; `dns_service_ip` is by default the tenth address of `service_cidr`.
  EOT

  validation {
    condition     = contains(["azure", "kubenet", "none"], var.network.plugin)
    error_message = "The network plugin is azure, kubenet or none."
  }

  validation {
    condition     = var.network.plugin_mode == null || (var.network.plugin_mode == "overlay" && var.network.plugin == "azure")
    error_message = "The plugin mode \"overlay\" is the azure plugin's, and the only one."
  }

  validation {
    condition     = var.network.policy == null || contains(["azure", "calico", "cilium"], coalesce(var.network.policy, "azure"))
    error_message = "The network policy is azure, calico or cilium."
  }

  validation {
    condition     = (var.network.policy == "cilium") == (var.network.data_plane == "cilium")
    error_message = "The network policy cilium needs the data plane cilium, and the other way round."
  }

  validation {
    condition     = var.network.pod_cidr == null || var.network.plugin == "kubenet" || var.network.plugin_mode == "overlay"
    error_message = "pod_cidr has a meaning with kubenet and with the overlay mode only: otherwise pods have addresses of the subnet."
  }

  validation {
    condition     = can(cidrnetmask(var.network.service_cidr))
    error_message = "The service range is an IPv4 network in CIDR notation, for instance \"172.16.0.0/16\"."
  }

  validation {
    condition = var.network.dns_service_ip == null || (
      try(cidrsubnet("${var.network.dns_service_ip}/${split("/", var.network.service_cidr)[1]}", 0, 0), "") == cidrsubnet(var.network.service_cidr, 0, 0)
      && var.network.dns_service_ip != cidrhost(var.network.service_cidr, 0)
      && var.network.dns_service_ip != cidrhost(var.network.service_cidr, 1)
    )
    error_message = "dns_service_ip lies in service_cidr, behind its first address, which is the API server's."
  }
}

variable "registry_ids" {
  type        = map(string)
  default     = {}
  description = "Ids of container registries by any name: the nodes may pull from them."
}

variable "admin_group_object_ids" {
  type        = list(string)
  default     = null
  description = "Entra groups that administrate the cluster. With them, Azure decides who may do what, and local accounts are off."
}

variable "authorized_ip_ranges" {
  type        = set(string)
  default     = []
  description = "Ranges that may reach the API server; none: all."
}

variable "automatic_upgrade_channel" {
  type        = string
  default     = "patch"
  description = "patch, stable, rapid or node-image; null upgrades by hand only."

  validation {
    condition     = contains(["patch", "stable", "rapid", "node-image"], coalesce(var.automatic_upgrade_channel, "patch"))
    error_message = "The upgrade channel is patch, stable, rapid or node-image."
  }
}

variable "maintenance" {
  type = object({
    day_of_week = string
    start_time  = optional(string, "02:00")
    hours       = optional(number, 4)
  })
  default     = null
  description = "Weekly window for automatic upgrades, in UTC; at least four hours long."

  validation {
    condition     = var.maintenance == null || try(var.maintenance.hours, 4) >= 4
    error_message = "A maintenance window has at least four hours."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the cluster, its pools and its identity."
}
