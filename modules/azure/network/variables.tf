variable "name" {
  type        = string
  description = "Name of the virtual network; the network security groups are named after it."

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9_]$", var.name))
    error_message = "A virtual network's name has 2 to 64 letters, digits, '.', '_' and '-', starts with a letter or digit and does not end with '.' or '-'."
  }
}

variable "resource_group_name" {
  type        = string
  description = "Resource group that holds the network."
}

variable "location" {
  type        = string
  description = "Azure region, for instance \"westeurope\"."
}

variable "address_space" {
  type        = list(string)
  description = "IPv4 ranges of the network. Subnets given by `newbits` and `netnum` are cut from the first one."

  validation {
    condition     = length(var.address_space) > 0
    error_message = "A network needs at least one address range."
  }

  validation {
    condition     = alltrue([for range in var.address_space : can(cidrnetmask(range))])
    error_message = "Each address range is an IPv4 network in CIDR notation, for instance \"10.20.0.0/16\"."
  }
}

variable "subnets" {
  type = map(object({
    cidr    = optional(string)
    newbits = optional(number)
    netnum  = optional(number)

    delegation                        = optional(string)
    private_endpoint_network_policies = optional(string, "Disabled")
    service_endpoints                 = optional(set(string), [])

    security_rules = optional(map(object({
      priority           = number
      direction          = optional(string, "Inbound")
      access             = optional(string, "Allow")
      protocol           = optional(string, "Tcp")
      source_prefix      = optional(string, "*")
      destination_prefix = optional(string, "*")
      ports              = optional(set(string), ["*"])
    })))

    nodes = optional(map(object({
      max_count = number
      max_pods  = optional(number, 30)
      max_surge = optional(string, "10%")
    })), {})
    pods_from_subnet = optional(bool, true)
  }))
  description = <<-EOT
    Subnets by name. The range is either `cidr`, or the `netnum`-th of the parts that `newbits` more bits cut from the first
    address range. `delegation` names the one service that may inject itself. `security_rules` makes a network security group
    for the subnet (an empty map: with Azure's default rules only). `nodes` lists the AKS node pools that live in the subnet, so
    that its size can be checked: with `pods_from_subnet` (Azure CNI) a node takes 1 + `max_pods` addresses, without (overlay) 1.
  EOT

  validation {
    condition = alltrue([
      for subnet in var.subnets :
      (subnet.cidr != null) != (subnet.newbits != null && subnet.netnum != null)
    ])
    error_message = "Each subnet has either `cidr`, or `newbits` and `netnum`. These do not: ${join(", ", [
      for name, subnet in var.subnets : name
      if(subnet.cidr != null) == (subnet.newbits != null && subnet.netnum != null)
    ])}."
  }

  validation {
    condition     = alltrue([for subnet in var.subnets : subnet.cidr == null || can(cidrnetmask(subnet.cidr))])
    error_message = "A subnet's `cidr` is an IPv4 network in CIDR notation, for instance \"10.20.4.0/24\"."
  }

  validation {
    condition = alltrue([
      for subnet in var.subnets :
      contains(["Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"], subnet.private_endpoint_network_policies)
    ])
    error_message = "private_endpoint_network_policies is Disabled, Enabled, NetworkSecurityGroupEnabled or RouteTableEnabled."
  }

  validation {
    condition = alltrue(flatten([
      for subnet in var.subnets : [
        for pool in subnet.nodes :
        pool.max_count >= 0 && pool.max_pods >= 10 && pool.max_pods <= 250 && can(regex("^[1-9][0-9]{0,2}%?$", pool.max_surge))
      ]
    ]))
    error_message = "A node pool has max_count of at least 0, max_pods between 10 and 250, and max_surge like \"10%\" or \"2\"."
  }
}

variable "service_cidr" {
  type        = string
  default     = null
  description = "Range of the Kubernetes services that the network's clusters use; refused when it meets the address space."

  validation {
    condition     = var.service_cidr == null || can(cidrnetmask(var.service_cidr))
    error_message = "The service range is an IPv4 network in CIDR notation, for instance \"172.16.0.0/16\"."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags of the network and its security groups."
}
