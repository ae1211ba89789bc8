variable "name" {
  type        = string
  description = "Name of the address."
}

variable "resource_group_name" {
  type        = string
  description = "Resource group that holds the address; for a load balancer of AKS, the cluster's `node_resource_group`, or one that the cluster's identity may write to."
}

variable "location" {
  type        = string
  description = "Azure region, the load balancer's."
}

variable "dns_label" {
  type        = string
  description = "First part of the host name; unique in the region."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,61}[a-z0-9]$", var.dns_label))
    error_message = "A DNS label has 3 to 63 lower-case letters, digits and '-', starts with a letter and ends with a letter or digit."
  }
}

variable "zones" {
  type        = set(string)
  default     = []
  description = "Availability zones of the address; none: as the region has it."
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the address."
}
