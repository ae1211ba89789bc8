variable "name" {
  type        = string
  description = "Name of the cluster; its nodes are named after it."

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{0,49}$", var.name))
    error_message = "A cluster's name has up to 50 lower-case letters, digits, '.' and '-', and starts with a letter or digit."
  }
}

variable "node_image" {
  type        = string
  default     = null
  description = "Image of the nodes, for instance \"kindest/node:v1.33.1\"; by default the provider's."
}

variable "control_planes" {
  type        = number
  default     = 1
  description = "Number of control planes. Several stand behind a load balancer; three survive the loss of one."

  validation {
    condition     = contains([1, 3, 5], var.control_planes)
    error_message = "A cluster has one, three or five control planes: with an even number etcd survives no more losses."
  }
}

variable "workers" {
  type = map(object({
    labels = optional(map(string), {})
    ports = optional(map(object({
      container = number
      host      = number
      protocol  = optional(string, "TCP")
      address   = optional(string, "127.0.0.1")
    })), {})
    mounts = optional(map(object({
      host      = string
      container = string
      read_only = optional(bool, false)
    })), {})
  }))
  default     = {}
  description = "Worker nodes by any name, in the order of their names; none: the control planes do the work."

  validation {
    condition = length(distinct(flatten([
      for worker in var.workers : [for port in worker.ports : "${port.address}:${port.host}/${port.protocol}"]
      ]))) == length(flatten([
      for worker in var.workers : [for port in worker.ports : port.host]
    ]))
    error_message = "Two ports of nodes cannot be the same port of this machine."
  }
}

variable "ip_family" {
  type        = string
  default     = "ipv4"
  description = "ipv4, ipv6 or dual."

  validation {
    condition     = contains(["ipv4", "ipv6", "dual"], var.ip_family)
    error_message = "The IP family is ipv4, ipv6 or dual."
  }
}

variable "pod_subnet" {
  type        = string
  default     = null
  description = "Range of the pods' addresses; by default kind's."
}

variable "service_subnet" {
  type        = string
  default     = null
  description = "Range of the services' addresses; by default kind's."
}

variable "kubeconfig_path" {
  type        = string
  default     = null
  description = "File that the kubeconfig is merged into; by default `NAME-config` in the working directory."
}
