resource "kind_cluster" "this" {
  name            = var.name
  node_image      = var.node_image
  kubeconfig_path = var.kubeconfig_path
  wait_for_ready  = true

  kind_config {
    kind        = "Cluster"
    api_version = "kind.x-k8s.io/v1alpha4"

    networking {
      ip_family      = var.ip_family
      pod_subnet     = var.pod_subnet
      service_subnet = var.service_subnet
    }

    dynamic "node" {
      for_each = range(var.control_planes)
      content {
        role = "control-plane"
      }
    }

    dynamic "node" {
      for_each = var.workers
      iterator = worker
      content {
        role   = "worker"
        labels = worker.value.labels

        dynamic "extra_port_mappings" {
          for_each = worker.value.ports
          iterator = port
          content {
            container_port = port.value.container
            host_port      = port.value.host
            listen_address = port.value.address
            protocol       = port.value.protocol
          }
        }

        dynamic "extra_mounts" {
          for_each = worker.value.mounts
          iterator = mount
          content {
            host_path      = mount.value.host
            container_path = mount.value.container
            read_only      = mount.value.read_only
          }
        }
      }
    }
  }
}
