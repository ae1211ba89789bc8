//! What happens when things go wrong around the program: files that are damaged, processes that are killed, users who
//! press Ctrl-C.
//!
//! The tests run few cases each unless an environment variable says otherwise: `TERRANE_DAMAGED_FILES` (damaged files
//! given to the program), `TERRANE_KILLS` (runs that are killed).

mod damaged_files;
mod directory;
mod interrupts;
mod kills;
mod random;
