variable "account_name" {
  type        = string
  description = "Name of the storage account; unique in Azure, since it is part of its host name."

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.account_name))
    error_message = "A storage account's name has 3 to 24 lower-case letters and digits."
  }
}

variable "resource_group_name" {
  type        = string
  description = "Resource group that holds the account."
}

variable "location" {
  type        = string
  description = "Azure region, for instance \"westeurope\"."
}

variable "premium" {
  type        = bool
  default     = false
  description = "Whether the shares are on solid-state disks; they have at least 100 GiB then. A change replaces the account."
}

variable "replication" {
  type        = string
  default     = "LRS"
  description = "LRS, ZRS, GRS or GZRS; premium shares have LRS or ZRS."

  validation {
    condition     = contains(var.premium ? ["LRS", "ZRS"] : ["LRS", "ZRS", "GRS", "GZRS"], var.replication)
    error_message = "The replication is LRS, ZRS, GRS or GZRS, for premium shares LRS or ZRS."
  }
}

variable "shares" {
  type        = map(number)
  description = "Shares by name with their sizes in GiB."

  validation {
    condition     = alltrue([for name in keys(var.shares) : can(regex("^[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]$", name)) && !strcontains(name, "--")])
    error_message = "A share's name has 3 to 63 lower-case letters, digits and single '-', and starts and ends with a letter or digit."
  }

  validation {
    condition     = alltrue([for size in values(var.shares) : size >= (var.premium ? 100 : 1) && size <= 102400])
    error_message = "A share has 1 to 102400 GiB, a premium one at least 100."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the account."
}
