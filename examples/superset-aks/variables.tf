variable "environment" {
  type        = string
  description = "Name of the environment; part of every name."

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "An environment's name has 2 to 10 lower-case letters and digits."
  }
}

variable "location" {
  type        = string
  default     = "westeurope"
  description = "Azure region of everything."
}

variable "address_space" {
  type        = string
  description = "Range of the virtual network, at most a /20: the first half belongs to the nodes."

  validation {
    condition     = can(cidrnetmask(var.address_space)) && try(tonumber(split("/", var.address_space)[1]) <= 20, false)
    error_message = "The range is an IPv4 network of at least a /20, for instance \"10.20.0.0/16\"."
  }
}

variable "dns_prefix" {
  type        = string
  default     = null
  description = "First part of the API server's host name; by default made of the environment's name."
}

variable "kubernetes_version" {
  type        = string
  default     = null
  description = "Version of Kubernetes; by default the region's default."
}

variable "cluster_tier" {
  type        = string
  default     = "Free"
  description = "Tier of the cluster: Free or Standard."
}

variable "system_pool" {
  type = object({
    vm_size   = optional(string, "Standard_D4s_v5")
    count     = number
    max_pods  = optional(number, 30)
    max_surge = optional(string, "10%")
    zones     = optional(set(string))
  })
  description = "Nodes of the system's pods."
}

variable "user_pools" {
  type = map(object({
    vm_size   = optional(string, "Standard_D4s_v5")
    min_count = number
    max_count = number
    max_pods  = optional(number, 30)
    max_surge = optional(string, "10%")
    zones     = optional(set(string))
    labels    = optional(map(string), {})
    taints    = optional(list(string), [])
    spot      = optional(bool, false)
  }))
  description = "Nodes of Superset's pods: pools by name."
}

variable "redis" {
  type = object({
    service           = optional(string, "managed")
    sku_name          = optional(string, "Balanced_B0")
    high_availability = optional(bool, false)
  })
  default     = {}
  description = "The cache and message queue."
}

variable "postgres" {
  type = object({
    sku_name              = optional(string, "B_Standard_B2s")
    storage_mb            = optional(number, 32768)
    high_availability     = optional(string)
    backup_retention_days = optional(number, 7)
  })
  default     = {}
  description = "The database of Superset's metadata."
}

variable "registry_sku" {
  type        = string
  default     = "Basic"
  description = "SKU of the container registry."
}

variable "maintenance_day" {
  type        = string
  default     = "Sunday"
  description = "Day on which Azure may upgrade the cluster."
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of everything, beside the environment."
}
