//! Providers without a remote side: terraform, random, null, local, time and the like.
