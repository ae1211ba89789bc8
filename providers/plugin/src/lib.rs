//! A client for unmodified Terraform provider binaries.
