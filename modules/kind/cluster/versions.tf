terraform {
  required_version = ">= 1.9"

  required_providers {
    kind = {
      source = "tehcyx/kind"
    }
  }
}
