terraform {
  required_version = ">= 1.9"

  required_providers {
    helm = {
      source = "hashicorp/helm"
    }
    kind = {
      source = "tehcyx/kind"
    }
    kubernetes = {
      source = "hashicorp/kubernetes"
    }
    random = {
      source = "hashicorp/random"
    }
  }
}

# Configured from a cluster that the same apply makes.
provider "kubernetes" {
  host                   = module.cluster.kube_config.host
  cluster_ca_certificate = module.cluster.kube_config.cluster_ca_certificate
  client_certificate     = module.cluster.kube_config.client_certificate
  client_key             = module.cluster.kube_config.client_key
}

provider "helm" {
  kubernetes = {
    host                   = module.cluster.kube_config.host
    cluster_ca_certificate = module.cluster.kube_config.cluster_ca_certificate
    client_certificate     = module.cluster.kube_config.client_certificate
    client_key             = module.cluster.kube_config.client_key
  }
}
