variable "admins" {
  type        = list(object({ kind = string, name = string, namespace = optional(string) }))
  default     = []
  description = "Users, groups and service accounts that may do everything in the namespaces, roles included."

  validation {
    condition     = alltrue([for subject in var.admins : contains(["User", "Group", "ServiceAccount"], subject.kind)])
    error_message = "A subject is a User, a Group or a ServiceAccount."
  }
}

variable "editors" {
  type        = list(object({ kind = string, name = string, namespace = optional(string) }))
  default     = []
  description = "Who may change the namespaces' objects, but no roles."

  validation {
    condition     = alltrue([for subject in var.editors : contains(["User", "Group", "ServiceAccount"], subject.kind)])
    error_message = "A subject is a User, a Group or a ServiceAccount."
  }
}

variable "viewers" {
  type        = list(object({ kind = string, name = string, namespace = optional(string) }))
  default     = []
  description = "Who may look at the namespaces' objects, but for secrets."

  validation {
    condition     = alltrue([for subject in var.viewers : contains(["User", "Group", "ServiceAccount"], subject.kind)])
    error_message = "A subject is a User, a Group or a ServiceAccount."
  }
}

variable "namespaces" {
  type        = set(string)
  default     = null
  description = "Namespaces in which that holds; null: in all of the cluster."
}
