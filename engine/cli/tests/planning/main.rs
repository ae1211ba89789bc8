//! Plans and applies as users see them: the program is run on small configurations.

mod changes;
mod ephemerals;
mod imports;
mod provisioners;
mod refactoring;
mod support;
