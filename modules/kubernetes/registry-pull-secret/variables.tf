variable "dockerconfigjson" {
  type        = string
  sensitive   = true
  description = "Credentials in the form of Docker's config.json, for instance the output of azure/acr."

  validation {
    condition     = can(jsondecode(var.dockerconfigjson).auths)
    error_message = "The credentials are JSON with an object `auths`."
  }
}

variable "namespaces" {
  type        = set(string)
  description = "Namespaces that get the secret."
}

variable "name" {
  type        = string
  default     = "registry-credentials"
  description = "Name of the secret."
}
