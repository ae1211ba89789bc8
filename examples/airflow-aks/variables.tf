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

variable "dns_label" {
  type        = string
  default     = null
  description = "First part of Airflow's host name; by default made of the environment's name and the subscription."
}

variable "task_nodes" {
  type        = object({ max_count = number, spot = optional(bool, true) })
  default     = { max_count = 5 }
  description = "Nodes for Airflow's tasks: none when there is nothing to do."
}

variable "public_database" {
  type        = bool
  default     = false
  description = "Whether the database has a public address that the operators' addresses may reach, instead of one in the network."
}

variable "operator_addresses" {
  type        = set(string)
  default     = []
  description = "Addresses from which a public database is administrated."
}

variable "postgres" {
  type = object({
    sku_name          = optional(string, "B_Standard_B2s")
    high_availability = optional(string)
  })
  default     = {}
  description = "The database of Airflow's metadata."
}

variable "shares" {
  type        = map(number)
  default     = { dags = 5, logs = 50 }
  description = "File shares for workflows and logs, with their sizes in GiB."
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of everything, beside the environment."
}
