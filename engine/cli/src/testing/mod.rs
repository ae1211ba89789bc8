//! Tests of modules: `*.tftest.hcl`.
//!
//! A [`suite`] is read from disk; [`runner`] carries out its runs, each with a configuration that [`prepare`] has
//! changed as the run asks for; [`report`] tells how it goes.

mod batches;
pub mod both;
mod expectations;
pub mod junit;
mod mock_provider;
mod mock_values;
mod one_run;
mod prepare;
pub mod report;
pub mod runner;
mod scope;
pub mod suite;
