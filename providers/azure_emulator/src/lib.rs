//! An Azure Resource Manager in a process, for plans and applies without an account.
