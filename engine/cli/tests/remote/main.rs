//! States that are kept elsewhere, in the real services or what stands in for them, with Terraform on the same states.
//!
//! Each service is named by a variable that `tests/run` sets: `TERRANE_TEST_AZURITE` (the program `azurite-blob`),
//! `TERRANE_TEST_POSTGRES` (the folder with `initdb`; Debian's is found without), `TERRANE_TEST_MOTO` (a folder of
//! Python modules with `moto`), `TERRANE_TEST_FAKE_GCS` (the program `fake-gcs-server`), `TERRANE_TEST_KUBECONFIG`. A test that lacks one says so in one line. Where there is no
//! `terraform` command, the tests go without its turns.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::print_stdout, reason = "what is left out is said")]

mod azurite;
mod emulated_azure;
mod google;
mod kubernetes;
mod moto;
mod postgres;
mod project;
mod services;
mod turns;
