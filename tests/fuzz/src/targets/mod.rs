//! What is fuzzed: each target turns bytes into work and says what came of it.
//!
//! A target's outcome is a short text that is the same for inputs that go the same way; an error is a promise that
//! does not hold, such as a value that does not survive being written and read.

mod configuration;
mod decode;
mod expression;
mod json_syntax;
mod native_syntax;
mod outcome;
mod plan_file;
mod state_file;
mod stored_value;
mod template;
mod world;

pub(crate) use world::NAMES;

use crate::random::Random;

/// One thing that is fuzzed.
pub(crate) struct Target {
    /// What it is called on the command line, and its folder of seeds.
    pub(crate) name: &'static str,
    /// Inputs to start from.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// Makes an input of the right form, where there is a grammar.
    pub(crate) generate: Option<fn(&mut Random) -> Vec<u8>>,
    /// Works on an input.
    pub(crate) run: fn(&[u8]) -> Result<String, String>,
}

/// All targets.
pub(crate) const ALL: &[Target] = &[
    native_syntax::TARGET,
    json_syntax::TARGET,
    expression::TARGET,
    template::TARGET,
    configuration::TARGET,
    decode::JSON,
    decode::YAML,
    decode::CSV,
    decode::BASE64,
    decode::URL,
    decode::FORMAT,
    decode::REGEX,
    decode::DATE,
    decode::NETWORK,
    decode::TFVARS,
    state_file::SNAPSHOT,
    state_file::JOURNAL,
    plan_file::TARGET,
    stored_value::TARGET,
];

/// Finds a target by its name.
pub(crate) fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::{Watch, fuzz};

    /// Cases of each target beyond its seeds.
    const CASES: u32 = 300;

    #[test]
    fn every_target_passes_its_seeds_and_some_cases() {
        // A stack as large as the command's, since targets nest as deep as the command may.
        let run = || {
            for target in ALL {
                let left = std::cell::Cell::new(CASES);
                let goes_on = || left.replace(left.get().saturating_sub(1)) > 0;
                let summary = fuzz(target, 7, &Watch::none(), goes_on);
                assert_eq!(summary.finding, None, "{}", target.name);
                assert!(summary.cases > u64::from(CASES), "{} has seeds", target.name);
                assert!(summary.outcomes > 1, "{} tells cases apart", target.name);
            }
        };
        let thread = std::thread::Builder::new().stack_size(512 * 1024 * 1024).spawn(run).unwrap();
        thread.join().unwrap();
    }
}
