//! The one trait between the engine and every provider, and its requests.
