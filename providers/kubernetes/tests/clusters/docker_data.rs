//! `kreuzwerker/docker`'s data sources.

use crate::support::engine::read_data;
use crate::support::{Folder, NODE_IMAGE, clusters_wanted, show, start};

#[tokio::test]
async fn networks_and_images_are_looked_up() {
    if !clusters_wanted("networks_and_images_are_looked_up") {
        return;
    }
    let provider = start("docker", &Folder::new("data"));
    let network = read_data(provider.as_ref(), "docker_network", r#"{"name": "bridge"}"#).await.unwrap();
    assert_eq!(network.attribute("driver").as_str().unwrap(), "bridge");
    let configs = network.attribute("ipam_config");
    assert!(configs.as_sequence().unwrap()[0].attribute("subnet").as_str().unwrap().contains('/'));
    let image = format!(r#"{{"name": "{NODE_IMAGE}"}}"#);
    let image = read_data(provider.as_ref(), "docker_image", &image).await.unwrap();
    assert!(image.attribute("id").as_str().unwrap().starts_with("sha256:"));
    let missing = read_data(provider.as_ref(), "docker_network", r#"{"name": "nowhere"}"#).await.unwrap_err();
    insta::assert_snapshot!(show(&missing), @r#"error at .name: Docker network not found: Docker has no network named "nowhere"."#);
}
