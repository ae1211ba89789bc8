//! Containers: listing, making, starting, looking at, removing.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{ContainerCreateBody, ContainerInspectResponse, ContainerSummaryStateEnum};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder,
    RemoveContainerOptionsBuilder, StartContainerOptions,
};

use super::engine::Engine;
use super::error::{DockerError, While};

/// What a list of containers says about one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContainerFacts {
    /// The container's name.
    pub(crate) name: String,
    /// The image that it was made from, as it was named then.
    pub(crate) image: String,
    /// Its labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// Whether its first process runs.
    pub(crate) running: bool,
    /// Ports of the machine that lead into it, while it runs.
    pub(crate) published: Vec<PublishedPort>,
}

/// A port of the machine that leads into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublishedPort {
    /// Address of the machine.
    pub(crate) address: String,
    /// Port of the machine.
    pub(crate) host_port: u16,
}

impl Engine {
    /// Lists containers, stopped ones too. `label` is `name=value`; without one all are listed.
    pub(crate) async fn list_containers(
        &self,
        label: Option<&str>,
    ) -> Result<Vec<ContainerFacts>, DockerError> {
        let filters: HashMap<&str, Vec<&str>> =
            label.map(|label| ("label", vec![label])).into_iter().collect();
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let listed = self.docker.list_containers(Some(options)).await;
        let mut containers = Vec::new();
        for summary in listed.during(|| "list containers".to_owned())? {
            let names = summary.names.unwrap_or_default();
            let Some(name) = names.first() else { continue };
            let ports = summary.ports.unwrap_or_default().into_iter();
            containers.push(ContainerFacts {
                name: name.trim_start_matches('/').to_owned(),
                image: summary.image.unwrap_or_default(),
                labels: summary.labels.unwrap_or_default().into_iter().collect(),
                running: summary.state == Some(ContainerSummaryStateEnum::RUNNING),
                published: ports
                    .filter_map(|port| {
                        Some(PublishedPort {
                            address: port.ip.unwrap_or_default(),
                            host_port: port.public_port?,
                        })
                    })
                    .collect(),
            });
        }
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(containers)
    }

    /// Makes a container without starting it.
    pub(crate) async fn create_container(
        &self,
        name: &str,
        body: ContainerCreateBody,
    ) -> Result<(), DockerError> {
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        let created = self.docker.create_container(Some(options), body).await;
        created.during(|| format!("create the container {name}")).map(|_| ())
    }

    /// Starts a container; one that runs stays as it is.
    pub(crate) async fn start_container(&self, name: &str) -> Result<(), DockerError> {
        let started = self.docker.start_container(name, None::<StartContainerOptions>).await;
        started.during(|| format!("start the container {name}"))
    }

    /// Looks at a container.
    pub(crate) async fn inspect_container(
        &self,
        name: &str,
    ) -> Result<ContainerInspectResponse, DockerError> {
        let inspected = self.docker.inspect_container(name, None::<InspectContainerOptions>).await;
        inspected.during(|| format!("look at the container {name}"))
    }

    /// Removes a container with its anonymous volumes, running or not. One that is gone is fine.
    pub(crate) async fn remove_container(&self, name: &str) -> Result<(), DockerError> {
        let options = RemoveContainerOptionsBuilder::new().v(true).force(true).build();
        let removed = self.docker.remove_container(name, Some(options)).await;
        match removed.during(|| format!("remove the container {name}")) {
            // A removal that is under way is somebody else's, and as good as ours.
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(()),
            other => other,
        }
    }
}
