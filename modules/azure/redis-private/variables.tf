variable "name" {
  type        = string
  description = "Name of the cache; unique in Azure, since it is part of its host name."

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9-]{0,58}[A-Za-z0-9])?$", var.name)) && !strcontains(var.name, "--")
    error_message = "A cache's name has 1 to 60 letters, digits and single '-', and starts and ends with a letter or digit."
  }
}

variable "resource_group_name" {
  type        = string
  description = "Resource group that holds the cache."
}

variable "location" {
  type        = string
  description = "Azure region, for instance \"westeurope\"."
}

variable "service" {
  type        = string
  default     = "managed"
  description = <<-EOT
    Which of Azure's two services: "managed" (Azure Managed Redis), or "cache" (Azure Cache for Redis) for caches that exist: that
    service takes no new ones since October 2026.
  EOT

  validation {
    condition     = contains(["managed", "cache"], var.service)
    error_message = "The service is \"managed\" (Azure Managed Redis) or \"cache\" (Azure Cache for Redis)."
  }
}

variable "managed" {
  type = object({
    sku_name          = optional(string, "Balanced_B1")
    high_availability = optional(bool, true)
    clustering_policy = optional(string, "EnterpriseCluster")
    eviction_policy   = optional(string, "VolatileLRU")
  })
  default     = {}
  description = "Size and behaviour of a managed cache. Clients that know no cluster protocol need EnterpriseCluster or NoCluster."

  validation {
    condition     = contains(["EnterpriseCluster", "OSSCluster", "NoCluster"], var.managed.clustering_policy)
    error_message = "The clustering policy is EnterpriseCluster, OSSCluster or NoCluster."
  }
}

variable "cache" {
  type = object({
    sku_name         = optional(string, "Standard")
    capacity         = optional(number, 1)
    maxmemory_policy = optional(string, "volatile-lru")
  })
  default     = {}
  description = "Size and behaviour of a cache of the older service: Basic and Standard have capacities 0 to 6, Premium 1 to 5."

  validation {
    condition     = contains(["Basic", "Standard", "Premium"], var.cache.sku_name)
    error_message = "The SKU is Basic, Standard or Premium."
  }

  validation {
    condition     = var.cache.sku_name == "Premium" ? var.cache.capacity >= 1 && var.cache.capacity <= 5 : var.cache.capacity >= 0 && var.cache.capacity <= 6
    error_message = "The capacity is 0 to 6 for Basic and Standard, 1 to 5 for Premium."
  }
}

variable "subnet_id" {
  type        = string
  description = "Subnet of the private endpoint."
}

variable "virtual_network_id" {
  type        = string
  description = "Virtual network that resolves the cache's name to the private endpoint."
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of everything in this module."
}
