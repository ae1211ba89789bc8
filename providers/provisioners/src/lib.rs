//! Provisioners: commands on this machine, and commands and files on others over SSH.
//!
//! What is run is the user's; here it is only brought to where it runs, and what it writes is brought back line by
//! line. Nothing here knows what the output is used for.

mod connection;
mod file;
mod lines;
mod local_exec;
mod reading;
mod remote_exec;
mod remote_files;
mod session;

use std::collections::BTreeMap;
use std::sync::Arc;

use terrane_provider::Provisioner;

use crate::file::File;
use crate::local_exec::LocalExec;
use crate::remote_exec::RemoteExec;

/// Makes all provisioners, by the type that blocks name. `environment` is that of the process.
pub fn provisioners(environment: &BTreeMap<String, String>) -> Vec<(&'static str, Arc<dyn Provisioner>)> {
    let agent = environment.get("SSH_AUTH_SOCK").filter(|path| !path.is_empty()).map(Into::into);
    vec![
        ("file", Arc::new(File::new(agent.clone()))),
        ("local-exec", Arc::new(LocalExec)),
        ("remote-exec", Arc::new(RemoteExec::new(agent))),
    ]
}
