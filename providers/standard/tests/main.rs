//! Every resource type through its life, as an engine would lead it.

mod support;

mod terraform_data;
mod terraform_remote_state;
