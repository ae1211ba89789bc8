//! The terrane command: arguments, commands, rendering, and the wiring of everything else.

fn main() {}
