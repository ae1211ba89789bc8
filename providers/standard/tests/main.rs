//! Every resource type through its life, as an engine would lead it.

mod support;

mod archive;
mod external;
mod http;
mod local;
mod local_command;
mod null;
mod random;
mod random_text;
mod real_providers;
mod schemas;
mod terraform_data;
mod terraform_remote_state;
mod time;
mod time_functions;
mod tls_certificates;
mod tls_keys;
mod tls_servers;
