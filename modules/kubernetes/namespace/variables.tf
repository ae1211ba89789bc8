variable "name" {
  type        = string
  description = "Name of the namespace."

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "A namespace's name has up to 63 lower-case letters, digits and '-', and starts and ends with a letter or digit."
  }
}

variable "labels" {
  type        = map(string)
  default     = {}
  description = "Labels of the namespace."
}

variable "quota" {
  type        = map(string)
  default     = {}
  description = "Most that all of the namespace may ask for, for instance `{ \"requests.cpu\" = \"8\", \"pods\" = \"50\" }`; empty: no bound."
}

variable "container_limits" {
  type = object({
    default         = optional(map(string), {})
    default_request = optional(map(string), {})
    max             = optional(map(string), {})
  })
  default     = null
  description = "What a container gets that asks for nothing, and the most that one may ask for."
}

variable "default_deny" {
  type        = bool
  default     = true
  description = "Whether pods may talk only to whom `allow` names, and to the cluster's DNS. Needs a network plugin that enforces policies."
}

variable "allow" {
  type = map(object({
    direction        = string
    ports            = optional(map(number), {})
    namespace_labels = optional(map(string))
    pod_labels       = optional(map(string))
    cidr             = optional(string)
  }))
  default     = {}
  description = <<-EOT
    Who may talk to whom, by any name: `direction` ingress or egress, the other side by namespace labels, pod labels (of this
    namespace, without namespace labels) or range, and TCP ports by any name; without ports all of them.
  EOT

  validation {
    condition     = alltrue([for rule in var.allow : contains(["ingress", "egress"], rule.direction)])
    error_message = "A rule's direction is ingress or egress."
  }

  validation {
    condition     = alltrue([for rule in var.allow : rule.cidr == null || (rule.namespace_labels == null && rule.pod_labels == null)])
    error_message = "A rule names the other side by labels or by range, not by both."
  }

  validation {
    condition     = alltrue([for rule in var.allow : rule.cidr == null || can(cidrhost(rule.cidr, 0))])
    error_message = "A range is written in CIDR notation, for instance \"10.0.0.0/8\"."
  }
}
