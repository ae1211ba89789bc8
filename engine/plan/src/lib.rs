//! Compares what is wanted with what exists and produces a plan as data.
