//! Plan files. Their checksum hides what is behind it, so the input is the document inside, and gets a right one.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};
use terrane_plan::plan_file::{read_plan_file, write_plan_file};

use super::{Target, outcome};
use crate::corpus;

pub(super) const TARGET: Target =
    Target { name: "plan-file", seeds: || corpus::own_seeds("plan-file"), generate: None, run };

/// What plan files begin with.
const MAGIC: &[u8] = b"TERRANE-PLAN 1\n";

fn run(input: &[u8]) -> Result<String, String> {
    // As it is: most likely no plan file.
    let plain = match read_plan_file(input) {
        Ok(_) => "a plan".to_owned(),
        Err(error) => outcome::shape("error", &error.to_string()),
    };
    let file = match read_plan_file(&wrapped(input)) {
        Ok(file) => file,
        Err(error) => return Ok(format!("{plain}/{}", outcome::shape("error", &error.to_string()))),
    };
    let bytes =
        write_plan_file(&file).map_err(|error| format!("what was read cannot be written: {error}"))?;
    match read_plan_file(&bytes) {
        Ok(again) if again.plan == file.plan => Ok(format!("{plain}/read")),
        Ok(again) => Err(format!("written and read, the plan is {:#?} and not {:#?}", again.plan, file.plan)),
        Err(error) => Err(format!("what was written cannot be read: {error}")),
    }
}

fn wrapped(document: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let compressed = encoder.write_all(document).and_then(|()| encoder.finish());
    let compressed = compressed.expect("memory takes all that is written");
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&Sha256::digest(&compressed));
    bytes.extend(compressed);
    bytes
}
