//! Making working directories ready, as users see it: the program is run against folders, repositories and servers
//! of the tests' own.

mod backends;
mod modules;
mod packages;
mod providers;
mod shown;
mod support;
