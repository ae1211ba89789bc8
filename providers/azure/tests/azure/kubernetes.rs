//! Lives of clusters and node pools.

use serde_json::{Value as Json, json};
use terrane_model::Value;

use crate::lifecycle::Life;
use crate::support::{Object, Stage, replaced, text};

const CLUSTER: &str = "azurerm_kubernetes_cluster";
const POOL: &str = "azurerm_kubernetes_cluster_node_pool";

fn cluster(more: &Json) -> Json {
    let config = json!({
        "name": "aks", "resource_group_name": "rg", "location": "West Europe", "dns_prefix": "aks",
        "default_node_pool": pool(&json!({})), "identity": {"type": "SystemAssigned"},
        "node_provisioning_profile": {"mode": "Manual"},
    });
    replaced(&config, more)
}

fn pool(more: &Json) -> Json {
    let pool = json!({
        "name": "system", "vm_size": "Standard_D4s_v5", "node_count": 1,
        "upgrade_settings": {"max_surge": "10%"},
    });
    replaced(&pool, more)
}

fn first(value: &Value, name: &str) -> Value {
    let blocks = value.attribute(name);
    blocks.as_sequence().and_then(|blocks| blocks.first().cloned()).unwrap_or_else(|| panic!("no {name}"))
}

fn replacements(plan: &terrane_provider::PlanResponse) -> Vec<String> {
    plan.requires_replace.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn clusters_that_look_after_themselves() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let config = json!({
        "name": "auto", "resource_group_name": "rg", "location": "westeurope", "identity": {"type": "SystemAssigned"},
    });
    let access = json!({"authorized_ip_ranges": ["198.51.100.0/24"]});
    let changes = json!({"tags": {"a": "b"}, "api_server_access": access});
    let life = Life::new("azurerm_kubernetes_automatic_cluster", config.clone(), changes);
    let cluster = life.lead(&stage).await;
    assert!(cluster.text("kube_config_raw").contains("clusters:"));
    assert!(cluster.text("oidc_issuer_url").starts_with("https://westeurope.oic."));
    let ingress = first(&cluster.state, "web_app_routing_ingress");
    assert_eq!(ingress.attribute("default_nginx_controller"), "AnnotationControlled".into());
    let own = replaced(&config, &json!({"identity": {"type": "UserAssigned"}}));
    let refused = stage.validate("azurerm_kubernetes_automatic_cluster", &own).await;
    assert!(
        text(&refused).contains("Without hosted_system the identity is SystemAssigned."),
        "{}",
        text(&refused)
    );
    stage.finish().await;
}

#[tokio::test]
async fn clusters() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let changes = json!({
        "tags": {"a": "b"}, "oidc_issuer_enabled": true, "workload_identity_enabled": true, "sku_tier": "Standard",
        "default_node_pool": pool(&json!({"node_count": 2, "node_labels": {"k": "v"}})),
        "maintenance_window_auto_upgrade": {
            "frequency": "Weekly", "interval": 1, "duration": 4, "day_of_week": "Sunday", "start_time": "02:00",
            "utc_offset": "+01:00",
        },
        "maintenance_window": {"allowed": [{"day": "Monday", "hours": [1, 2]}]},
    });
    // Azure's own upgrade settings cannot be told from written ones.
    let life =
        Life { untold: &["default_node_pool"], ..Life::new(CLUSTER, cluster(&json!({})), changes.clone()) };
    let object = life.lead(&stage).await;
    let access = first(&object.state, "kube_config");
    assert!(access.attribute("host").as_str().is_some_and(|host| host.starts_with("https://")));
    assert!(object.text("kube_config_raw").contains("clusters:"));
    assert!(object.text("fqdn").starts_with("aks-"));
    assert_eq!(object.text("node_resource_group"), "MC_rg_aks_westeurope");
    let config = cluster(&changes);
    let elsewhere = replaced(&config, &json!({"dns_prefix": "other"}));
    assert_eq!(replacements(&stage.plan(CLUSTER, &object.state, &elsewhere).await), [".dns_prefix"]);
    let without = stage
        .update(
            &object,
            &replaced(&config, &json!({"maintenance_window_auto_upgrade": null, "maintenance_window": null})),
        )
        .await;
    assert_eq!(without.state.attribute("maintenance_window").element_count(), Some(0));
    let data = stage.data(CLUSTER, &json!({"name": "aks", "resource_group_name": "rg"})).await;
    assert_eq!(data.attribute("id"), object.state.attribute("id"));
    assert_eq!(data.attribute("agent_pool_profile").element_count(), Some(1));
    stage.delete(&without).await;
    stage.finish().await;
}

#[tokio::test]
async fn clusters_in_a_network_with_everything() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let subnet = subnet(&stage).await;
    let names = json!({"name": "control", "resource_group_name": "rg", "location": "westeurope"});
    let control = stage.create("azurerm_user_assigned_identity", &names).await;
    let node = replaced(&names, &json!({"name": "node"}));
    let node = stage.create("azurerm_user_assigned_identity", &node).await;
    let config = cluster(&json!({
        "identity": {"type": "UserAssigned", "identity_ids": [control.id()]},
        "kubelet_identity": {
            "client_id": node.text("client_id"), "object_id": node.text("principal_id"),
            "user_assigned_identity_id": node.id(),
        },
        "default_node_pool": pool(&json!({
            "vnet_subnet_id": subnet.id(), "auto_scaling_enabled": true, "min_count": 1, "max_count": 3,
            "node_count": null, "zones": ["1", "2"], "os_disk_type": "Ephemeral", "os_disk_size_gb": 60,
            "max_pods": 50, "only_critical_addons_enabled": true, "temporary_name_for_rotation": "temp",
            "kubelet_config": {"cpu_manager_policy": "static"},
            "linux_os_config": {"swap_file_size_mb": 100, "sysctl_config": {"vm_max_map_count": 262_144}},
        })),
        "network_profile": {
            "network_plugin": "azure", "network_plugin_mode": "overlay", "network_data_plane": "cilium",
            "network_policy": "cilium", "service_cidr": "10.200.0.0/16", "dns_service_ip": "10.200.0.10",
            "pod_cidr": "10.100.0.0/16", "outbound_type": "loadBalancer",
            "load_balancer_profile": {"managed_outbound_ip_count": 2},
        },
        "azure_active_directory_role_based_access_control": {
            "azure_rbac_enabled": true, "admin_group_object_ids": ["11111111-1111-1111-1111-111111111111"],
        },
        "auto_scaler_profile": {"expander": "least-waste", "scan_interval": "20s"},
        "key_vault_secrets_provider": {"secret_rotation_enabled": true},
        "api_server_access_profile": {"authorized_ip_ranges": ["192.0.2.0/24"]},
        "workload_autoscaler_profile": {"keda_enabled": true},
        "storage_profile": {"blob_driver_enabled": true},
        "oidc_issuer_enabled": true, "workload_identity_enabled": true, "image_cleaner_enabled": true,
        "image_cleaner_interval_hours": 48, "azure_policy_enabled": true,
        "automatic_upgrade_channel": "patch", "node_os_upgrade_channel": "NodeImage",
    }));
    let changes = json!({
        "azure_policy_enabled": false, "key_vault_secrets_provider": null, "image_cleaner_interval_hours": 72,
        "api_server_access_profile": {"authorized_ip_ranges": ["192.0.2.0/24", "198.51.100.0/24"]},
        "auto_scaler_profile": {"expander": "random", "scan_interval": "30s"},
        "automatic_upgrade_channel": null,
        "workload_autoscaler_profile": {"keda_enabled": true, "vertical_pod_autoscaler_enabled": true},
    });
    let life = Life { untold: &["default_node_pool"], ..Life::new(CLUSTER, config, changes) };
    let object = life.lead(&stage).await;
    assert!(object.text("kube_admin_config_raw").contains("clusters:"));
    assert!(!object.text("oidc_issuer_url").is_empty());
    stage.delete(&object).await;
    stage.finish().await;
}

async fn subnet(stage: &Stage) -> Object {
    let network = json!({
        "name": "net", "resource_group_name": "rg", "location": "westeurope", "address_space": ["10.0.0.0/16"],
    });
    let network = stage.create("azurerm_virtual_network", &network).await;
    assert_eq!(network.text("name"), "net");
    let subnet = json!({
        "name": "nodes", "resource_group_name": "rg", "virtual_network_name": "net",
        "address_prefixes": ["10.0.0.0/20"],
    });
    stage.create("azurerm_subnet", &subnet).await
}

#[tokio::test]
async fn default_pools_are_rotated() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let object = stage.create(CLUSTER, &cluster(&json!({}))).await;
    let bigger = cluster(&json!({"default_node_pool": pool(&json!({"vm_size": "Standard_D8s_v5"}))}));
    let refused = stage.plan(CLUSTER, &object.state, &bigger).await;
    assert_eq!(
        text(&refused.diagnostics),
        "Node pool has to be rotated: Changing vm_size needs new nodes. Set temporary_name_for_rotation to the name of \
         a pool that takes over while the old pool goes and the new one comes. .default_node_pool[0].vm_size"
    );
    let rotated = cluster(&json!({
        "default_node_pool": pool(&json!({"vm_size": "Standard_D8s_v5", "temporary_name_for_rotation": "temp"})),
    }));
    let object = stage.update(&object, &rotated).await;
    let pools: Vec<String> = stage
        .requests()
        .into_iter()
        .filter(|request| request.contains("/agentPools/") && !request.starts_with("GET"))
        .map(|request| {
            let method = request.split(' ').next().unwrap_or_default();
            format!("{method} {}", request.rsplit('/').next().unwrap_or_default())
        })
        .collect();
    assert_eq!(pools, ["PUT temp", "DELETE system", "PUT system", "DELETE temp"]);
    let read = stage.read(&object).await.expect("it is there");
    assert_eq!(first(&read.state, "default_node_pool").attribute("vm_size"), "Standard_D8s_v5".into());
    let again = stage.plan(CLUSTER, &read.state, &rotated).await;
    assert_eq!(again.planned_state, read.state);
    stage.finish().await;
}

#[tokio::test]
async fn clusters_are_upgraded_step_by_step() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let versions =
        stage.data("azurerm_kubernetes_service_versions", &json!({"location": "westeurope"})).await;
    let minors = versions.attribute("versions");
    let mut minors: Vec<String> = minors
        .as_sequence()
        .unwrap_or_default()
        .iter()
        .filter_map(|version| version.as_str())
        .map(|version| version.rsplit_once('.').map_or_else(String::new, |(minor, _)| minor.to_owned()))
        .collect();
    minors.dedup();
    assert!(minors.len() >= 3, "{minors:?}");
    let of = |minor: &str| cluster(&json!({"kubernetes_version": minor}));
    let object = stage.create(CLUSTER, &of(&minors[0])).await;
    assert_eq!(object.text("kubernetes_version"), minors[0], "an alias stays as it is written");
    let refused = stage.plan(CLUSTER, &object.state, &of(&minors[2])).await;
    assert!(text(&refused.diagnostics).contains("kubernetes_version"), "{}", text(&refused.diagnostics));
    let object = stage.update(&object, &of(&minors[1])).await;
    assert!(object.text("current_kubernetes_version").starts_with(&minors[1]));
    let read = stage.read(&object).await.expect("it is there");
    assert_eq!(stage.plan(CLUSTER, &read.state, &of(&minors[1])).await.planned_state, read.state);
    stage.finish().await;
}

#[tokio::test]
async fn wrong_clusters_are_refused() {
    let stage = Stage::new().await;
    let config = cluster(&json!({
        "dns_prefix_private_cluster": "p", "dns_prefix": null,
        "default_node_pool": pool(&json!({"auto_scaling_enabled": true, "min_count": 4, "max_count": 2})),
        "network_profile": {
            "network_plugin": "azure", "service_cidr": "10.0.0.0/16", "dns_service_ip": "10.1.0.10",
            "pod_cidr": "10.0.128.0/17", "network_policy": "cilium",
        },
    }));
    let refused = stage.validate(CLUSTER, &config).await;
    assert_eq!(
        text(&refused),
        "Invalid combination of arguments: min_count 4 is more than max_count 2. .default_node_pool[0].min_count\n\
         Invalid combination of arguments: dns_service_ip 10.1.0.10 is not in service_cidr 10.0.0.0/16. .network_profile[0].dns_service_ip\n\
         Invalid combination of arguments: pod_cidr 10.0.128.0/17 overlaps service_cidr 10.0.0.0/16. .network_profile[0].pod_cidr\n\
         Invalid combination of arguments: With network_plugin azure, pod_cidr needs network_plugin_mode overlay. .network_profile[0].pod_cidr\n\
         Invalid combination of arguments: network_policy cilium needs network_data_plane cilium. .network_profile[0].network_policy\n\
         Invalid combination of arguments: dns_prefix_private_cluster is for clusters with private_cluster_enabled = true; use dns_prefix. .dns_prefix_private_cluster"
    );
    stage.finish().await;
}

#[tokio::test]
async fn node_pools() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let object = stage.create(CLUSTER, &cluster(&json!({}))).await;
    let config = json!({
        "name": "work", "kubernetes_cluster_id": object.id(), "vm_size": "Standard_D4s_v5", "node_count": 1,
        "node_taints": ["dedicated=work:NoSchedule"], "node_labels": {"k": "v"},
    });
    let changes = json!({
        "node_count": null, "auto_scaling_enabled": true, "min_count": 1, "max_count": 5, "tags": {"a": "b"},
        "node_taints": null,
        "upgrade_settings": {"max_surge": "33%", "drain_timeout_in_minutes": 30},
    });
    Life::new(POOL, config.clone(), changes).lead_to_end(&stage).await;
    let spot = json!({
        "name": "spot", "kubernetes_cluster_id": object.id(), "vm_size": "Standard_D4s_v5",
        "priority": "Spot", "eviction_policy": "Delete", "spot_max_price": 0.5,
        "auto_scaling_enabled": true, "min_count": 0, "max_count": 3,
        "node_labels": {"kubernetes.azure.com/scalesetpriority": "spot"},
        "node_taints": ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"],
    });
    Life::new(POOL, spot, json!({"max_count": 6})).lead_to_end(&stage).await;
    let pool = stage.create(POOL, &config).await;
    let bigger = replaced(&config, &json!({"vm_size": "Standard_D8s_v5"}));
    assert_eq!(replacements(&stage.plan(POOL, &pool.state, &bigger).await), Vec::<String>::new());
    let bigger = replaced(&bigger, &json!({"temporary_name_for_rotation": "temp"}));
    let pool = stage.update(&pool, &bigger).await;
    let read = stage.read(&pool).await.expect("it is there");
    assert_eq!(read.text("vm_size"), "Standard_D8s_v5");
    let found = json!({"name": "work", "kubernetes_cluster_name": "aks", "resource_group_name": "rg"});
    assert_eq!(stage.data(POOL, &found).await.attribute("vm_size"), "Standard_D8s_v5".into());
    stage.finish().await;
}

#[tokio::test]
async fn extensions() {
    let stage = Stage::new().await;
    stage.group("rg").await;
    let object = stage.create(CLUSTER, &cluster(&json!({}))).await;
    let config = json!({
        "name": "flux", "cluster_id": object.id(), "extension_type": "microsoft.flux",
        "configuration_settings": {"source-controller.enabled": "true"},
    });
    let changes = json!({"configuration_settings": {"source-controller.enabled": "false"}});
    Life::new("azurerm_kubernetes_cluster_extension", config, changes).lead_to_end(&stage).await;
    stage.finish().await;
}
