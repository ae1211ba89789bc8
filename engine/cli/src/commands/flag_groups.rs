//! Flags that several commands have in common.

use crate::args::Flag;

/// Where the state is, and whether and how long to try to lock it.
pub(super) const STATE_FLAGS: &[Flag] = &[
    Flag::value("state", "path", ""),
    Flag::value("state-out", "path", ""),
    Flag::value("backup", "path", ""),
    Flag::switch(
        "lock",
        "Don't hold a state lock during the operation (-lock=false). This is dangerous if others might concurrently run commands against the same workspace.",
    ),
    Flag::value("lock-timeout", "0s", "Duration to retry a state lock."),
];

/// Whether Azure is emulated.
pub(super) const EMULATE_FLAGS: &[Flag] = &[Flag::switch(
    "emulate",
    "Use an emulated Azure in place of the real one. Its world is kept in the working directory, in .terrane/azure.",
)];

/// Values for variables.
pub(super) const VARIABLE_FLAGS: &[Flag] = &[
    Flag::value(
        "var",
        "'foo=bar'",
        "Set a value for one of the input variables in the root module of the configuration. Use this option more than once to set more than one variable.",
    ),
    Flag::value(
        "var-file",
        "filename",
        "Load variable values from the given file, in addition to the default files terraform.tfvars and *.auto.tfvars.",
    ),
];
