//! What the process tells its caller in the end. Wrappers made for Terraform rely on these numbers.

/// An exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// Done.
    Success,
    /// Something went wrong, and was said on standard error.
    Error,
    /// `plan -detailed-exitcode`: done, and there are changes.
    Changes,
    /// `fmt -check`: files are not in the canonical format.
    NotFormatted,
    /// `fmt`: a file could not be read or understood.
    Unformattable,
    /// The command line could not be understood.
    Usage,
}

impl ExitCode {
    /// Returns the number.
    pub fn number(self) -> i32 {
        match self {
            Self::Success => 0,
            Self::Error | Self::Usage => 1,
            Self::Changes | Self::Unformattable => 2,
            Self::NotFormatted => 3,
        }
    }
}
