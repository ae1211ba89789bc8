variable "name" {
  type        = string
  description = "Name of the registry; unique in Azure, since it is part of its host name."

  validation {
    condition     = can(regex("^[A-Za-z0-9]{5,50}$", var.name))
    error_message = "A registry's name has 5 to 50 letters and digits."
  }
}

variable "resource_group_name" {
  type        = string
  description = "Resource group that holds the registry."
}

variable "location" {
  type        = string
  description = "Azure region, for instance \"westeurope\"."
}

variable "sku" {
  type        = string
  default     = "Standard"
  description = "Basic, Standard or Premium."

  validation {
    condition     = contains(["Basic", "Standard", "Premium"], var.sku)
    error_message = "The SKU is Basic, Standard or Premium."
  }
}

variable "zone_redundancy_enabled" {
  type        = bool
  default     = false
  description = "Whether the images are kept in several zones. A change replaces the registry."

  validation {
    condition     = !var.zone_redundancy_enabled || var.sku == "Premium"
    error_message = "Zone redundancy needs the SKU Premium."
  }
}

variable "admin_enabled" {
  type        = bool
  default     = false
  description = "Whether there is a user with a password, for clients without an Azure identity."
}

variable "pull_principals" {
  type        = map(string)
  default     = {}
  description = "Object ids of service principals and identities, by any name, that may pull images."
}

variable "push_principals" {
  type        = map(string)
  default     = {}
  description = "Object ids of service principals and identities, by any name, that may push and pull images."
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the registry."
}
