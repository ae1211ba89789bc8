//! Stores what exists: snapshot, journal, lock and backends.
