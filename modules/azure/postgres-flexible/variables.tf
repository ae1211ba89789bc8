variable "name" {
  type        = string
  description = "Name of the server; unique in Azure, since it is part of its host name."

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A server's name has 3 to 63 lower-case letters, digits and '-', and starts and ends with a letter or digit."
  }
}

variable "resource_group_name" {
  type        = string
  description = "Resource group that holds the server."
}

variable "location" {
  type        = string
  description = "Azure region; with a private network, that network's."
}

variable "postgres_version" {
  type        = string
  default     = "16"
  description = "Major version. It can go up in place, never down."

  validation {
    condition     = contains(["12", "13", "14", "15", "16", "17"], var.postgres_version)
    error_message = "The version is a major version of PostgreSQL from 12 to 17."
  }
}

variable "sku_name" {
  type        = string
  default     = "GP_Standard_D2s_v3"
  description = "Size: B_ (burstable), GP_ (general purpose) or MO_ (memory optimized) and a VM size."

  validation {
    condition     = can(regex("^(B|GP|MO)_Standard_[A-Za-z0-9_]+$", var.sku_name))
    error_message = "A size looks like \"B_Standard_B1ms\", \"GP_Standard_D2s_v3\" or \"MO_Standard_E4s_v3\"."
  }
}

variable "storage_mb" {
  type        = number
  default     = 32768
  description = "Storage in MiB. It can grow in place, never shrink."

  validation {
    condition     = contains([32768, 65536, 131072, 262144, 524288, 1048576, 2097152, 4193280, 4194304, 8388608, 16777216, 33553408], var.storage_mb)
    error_message = "Storage comes in steps of 32768, 65536, 131072, 262144 … 33553408 MiB."
  }
}

variable "backup_retention_days" {
  type        = number
  default     = 7
  description = "Days for which the server can be restored, 7 to 35."

  validation {
    condition     = var.backup_retention_days >= 7 && var.backup_retention_days <= 35
    error_message = "Backups are kept for 7 to 35 days."
  }
}

variable "high_availability" {
  type        = string
  default     = null
  description = "ZoneRedundant or SameZone for a standby server; null for none."

  validation {
    condition     = contains(["ZoneRedundant", "SameZone"], coalesce(var.high_availability, "SameZone"))
    error_message = "High availability is ZoneRedundant or SameZone."
  }

  validation {
    condition     = var.high_availability == null || !startswith(var.sku_name, "B_")
    error_message = "Burstable sizes have no high availability: choose a GP_ or MO_ size."
  }
}

variable "administrator_login" {
  type        = string
  default     = "pgadmin"
  description = "Name of the administrator."

  validation {
    condition     = !contains(["azure_superuser", "azure_pg_admin", "admin", "administrator", "root", "guest", "public"], var.administrator_login) && !startswith(var.administrator_login, "pg_")
    error_message = "Azure keeps names such as admin, administrator, root, guest, public and those that start with pg_ to itself."
  }
}

variable "administrator_password" {
  type        = string
  default     = null
  sensitive   = true
  description = "Password of the administrator; by default a random one, kept in the state."
}

variable "private_network" {
  type = object({
    subnet_id          = string
    virtual_network_id = string
  })
  default     = null
  description = <<-EOT
    Where the server has its private address: a subnet delegated to Microsoft.DBforPostgreSQL/flexibleServers, and the virtual
    network that resolves the server's name. Null: a public address behind a firewall. A change replaces the server.
  EOT
}

variable "firewall_ranges" {
  type = map(object({
    start = string
    end   = string
  }))
  default     = {}
  description = "Public addresses that may connect, by name, for a server without a private network."

  validation {
    condition     = length(var.firewall_ranges) == 0 || var.private_network == null
    error_message = "A server in a private network has no public address, so firewall ranges have no meaning for it."
  }
}

variable "databases" {
  type = map(object({
    charset   = optional(string, "UTF8")
    collation = optional(string, "en_US.utf8")
  }))
  default     = {}
  description = "Databases by name. A change of charset or collation replaces the database."
}

variable "configurations" {
  type        = map(string)
  default     = {}
  description = "Server parameters, for instance `{ \"azure.extensions\" = \"PGCRYPTO\" }`."
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the server and its zone."
}
