variable "name" {
  type        = string
  default     = "data-platform"
  description = "Name of the cluster."
}

variable "node_image" {
  type        = string
  default     = "kindest/node:v1.33.1"
  description = "Image of the nodes."
}

variable "image" {
  type        = string
  default     = "nginx:1.27"
  description = "Image of the containers that stand in for the components."
}

variable "buckets" {
  type = map(object({
    size      = string
    versioned = optional(bool, false)
  }))
  default = {
    bronze = { size = "5Gi" }
    silver = { size = "5Gi" }
    gold   = { size = "1Gi", versioned = true }
  }
  description = "Buckets of the object store."
}

variable "domain" {
  type        = string
  default     = "data-platform.local"
  description = "Domain of the platform's host names."
}

variable "components" {
  type = map(object({
    quota = optional(map(string), {})
    talks_to = optional(map(object({
      component = string
      ports     = map(number)
    })), {})
  }))
  default = {
    minio    = {}
    postgres = {}
    registry = { talks_to = { storage = { component = "minio", ports = { s3 = 9000 } } } }
    airflow = {
      quota = { "pods" = "50" }
      talks_to = {
        metadata = { component = "postgres", ports = { sql = 5432 } }
        storage  = { component = "minio", ports = { s3 = 9000 } }
      }
    }
  }
  description = "Parts of the platform: each has a namespace of its own, and talks to nobody but whom it names."

  validation {
    condition = alltrue(flatten([
      for component in var.components : [for peer in component.talks_to : contains(keys(var.components), peer.component)]
    ]))
    error_message = "A component talks to components that do not exist."
  }
}

variable "viewers" {
  type        = list(string)
  default     = []
  description = "Users who may look at everything but secrets."
}
