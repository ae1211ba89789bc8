//! Carries out the operations of a plan and journals every result.
