//! Plans and applies as users see them: the program is run on small configurations.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod changes;
mod ephemerals;
mod explaining;
mod imports;
mod invalid;
mod places;
mod provider_instances;
mod provisioners;
mod refactoring;
mod stacks;
mod support;
mod tests_at_once;
