//! Configurations that say much: one to make an object with, and one to change it to.
//!
//! `NAMESPACE` stands for the namespace of a test.

use serde_json::{Value as Json, json};

/// A resource type with two configurations.
pub(crate) struct Case {
    pub(crate) type_name: &'static str,
    pub(crate) first: Json,
    pub(crate) second: Json,
}

fn case(type_name: &'static str, first: Json, second: Json) -> Case {
    Case { type_name, first, second }
}

/// Returns the cases with the name of a namespace filled in.
pub(crate) fn cases(namespace: &str) -> Vec<Case> {
    let fill = |json: Json| -> Json {
        serde_json::from_str(&json.to_string().replace("NAMESPACE", namespace)).expect("it stays JSON")
    };
    let all =
        [configuration(), identities(), workloads(), batch(), networking(), storage(), policy(), admission()];
    let all = all.into_iter().flatten();
    all.map(|case| Case { first: fill(case.first), second: fill(case.second), ..case }).collect()
}

fn configuration() -> Vec<Case> {
    vec![
        case(
            "kubernetes_namespace_v1",
            json!({"metadata": [{"name": "NAMESPACE-made", "labels": {"team": "a"}}]}),
            json!({"metadata": [{"name": "NAMESPACE-made", "labels": {"team": "b"}, "annotations": {"x": "y"}}]}),
        ),
        case(
            "kubernetes_config_map_v1",
            json!({"metadata": [{"name": "a", "namespace": "NAMESPACE", "labels": {"app": "x"}}],
                   "data": {"k": "v", "gone": ""}, "binary_data": {"b": "AAEC"}}),
            json!({"metadata": [{"name": "a", "namespace": "NAMESPACE", "annotations": {"note": "y"}}],
                   "data": {"k": "w"}}),
        ),
        case(
            "kubernetes_secret_v1",
            json!({"metadata": [{"name": "a", "namespace": "NAMESPACE"}], "data": {"k": "päss"},
                   "binary_data": {"b": "AAEC"}}),
            json!({"metadata": [{"name": "a", "namespace": "NAMESPACE"}], "data": {"k": "other", "l": ""}}),
        ),
        case(
            "kubernetes_service_v1",
            json!({"metadata": [{"name": "web", "namespace": "NAMESPACE"}],
                   "spec": [{"selector": {"app": "x"}, "port": [{"port": 80, "target_port": "http"}]}]}),
            json!({"metadata": [{"name": "web", "namespace": "NAMESPACE"}],
                   "spec": [{"selector": {"app": "y"}, "type": "NodePort", "session_affinity": "ClientIP",
                             "port": [{"name": "a", "port": 80, "target_port": "8080"},
                                      {"name": "b", "port": 443, "protocol": "TCP"}]}]}),
        ),
    ]
}

fn identities() -> Vec<Case> {
    vec![
        case(
            "kubernetes_service_account_v1",
            json!({"metadata": [{"name": "sa", "namespace": "NAMESPACE"}], "image_pull_secret": [{"name": "pull"}]}),
            json!({"metadata": [{"name": "sa", "namespace": "NAMESPACE"}], "secret": [{"name": "s"}],
                   "automount_service_account_token": false}),
        ),
        case(
            "kubernetes_role_v1",
            json!({"metadata": [{"name": "r", "namespace": "NAMESPACE"}],
                   "rule": [{"api_groups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["get"]}]}),
            json!({"metadata": [{"name": "r", "namespace": "NAMESPACE"}],
                   "rule": [{"api_groups": [""], "resources": ["pods"], "resource_names": ["p"], "verbs": ["get", "list"]},
                            {"api_groups": ["batch"], "resources": ["jobs"], "verbs": ["*"]}]}),
        ),
        case(
            "kubernetes_role_binding_v1",
            json!({"metadata": [{"name": "rb", "namespace": "NAMESPACE"}],
                   "role_ref": [{"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}],
                   "subject": [{"kind": "ServiceAccount", "name": "sa", "namespace": "NAMESPACE"},
                               {"kind": "User", "name": "jane", "api_group": "rbac.authorization.k8s.io"}]}),
            json!({"metadata": [{"name": "rb", "namespace": "NAMESPACE"}],
                   "role_ref": [{"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}],
                   "subject": [{"kind": "Group", "name": "g", "api_group": "rbac.authorization.k8s.io"}]}),
        ),
        case(
            "kubernetes_cluster_role_v1",
            json!({"metadata": [{"name": "NAMESPACE:cr"}], "rule": [{"non_resource_urls": ["/metrics"], "verbs": ["get"]}]}),
            json!({"metadata": [{"name": "NAMESPACE:cr"}],
                   "rule": [{"api_groups": [""], "resources": ["nodes"], "verbs": ["get"]}]}),
        ),
        case(
            "kubernetes_cluster_role_binding_v1",
            json!({"metadata": [{"name": "NAMESPACE:crb"}],
                   "role_ref": [{"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}],
                   "subject": [{"kind": "Group", "name": "g", "api_group": "rbac.authorization.k8s.io"}]}),
            json!({"metadata": [{"name": "NAMESPACE:crb", "labels": {"a": "b"}}],
                   "role_ref": [{"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}],
                   "subject": [{"kind": "Group", "name": "h", "api_group": "rbac.authorization.k8s.io"}]}),
        ),
    ]
}

fn pod_template() -> Json {
    json!([{
        "metadata": [{"labels": {"app": "x"}, "annotations": {"a": "b"}}],
        "spec": [{
            "init_container": [{"name": "init", "image": "busybox", "command": ["true"]}],
            "container": [{
                "name": "main", "image": "nginx:1", "args": ["-g"],
                "env": [{"name": "PLAIN", "value": "1"},
                        {"name": "SECRET", "value_from": [{"secret_key_ref": [{"name": "s", "key": "k"}]}]},
                        {"name": "IP", "value_from": [{"field_ref": [{"field_path": "status.podIP"}]}]}],
                "env_from": [{"config_map_ref": [{"name": "cm"}]}],
                "port": [{"name": "http", "container_port": 8080}],
                "resources": [{"limits": {"memory": "1024Mi"}, "requests": {"cpu": "0.5", "memory": "512Mi"}}],
                "liveness_probe": [{"http_get": [{"path": "/", "port": "http",
                                                  "http_header": [{"name": "h", "value": "v"}]}]}],
                "readiness_probe": [{"tcp_socket": [{"port": "8080"}], "period_seconds": 3}],
                "lifecycle": [{"pre_stop": [{"exec": [{"command": ["sleep", "1"]}]}]}],
                "security_context": [{"run_as_user": "1000", "capabilities": [{"drop": ["ALL"]}],
                                      "seccomp_profile": [{"type": "RuntimeDefault"}]}],
                "volume_mount": [{"name": "data", "mount_path": "/data"},
                                 {"name": "conf", "mount_path": "/conf", "read_only": true}]
            }],
            "volume": [{"name": "data", "empty_dir": [{"size_limit": "1Gi"}]},
                       {"name": "conf", "config_map": [{"name": "cm", "items": [{"key": "k", "path": "p", "mode": "0600"}]}]},
                       {"name": "all", "projected": [{"sources": [{"secret": [{"name": "s"}]},
                                                                   {"downward_api": [{"items": [{"path": "labels",
                                                       "field_ref": [{"field_path": "metadata.labels"}]}]}]}]}]}],
            "node_selector": {"disk": "ssd"},
            "toleration": [{"key": "k", "operator": "Exists", "effect": "NoExecute", "toleration_seconds": "30"}],
            "affinity": [{"pod_anti_affinity": [{"preferred_during_scheduling_ignored_during_execution": [
                {"weight": 1, "pod_affinity_term": [{"topology_key": "kubernetes.io/hostname",
                    "label_selector": [{"match_expressions": [{"key": "app", "operator": "In", "values": ["x"]}]}]}]}]}]}],
            "topology_spread_constraint": [{"topology_key": "zone", "when_unsatisfiable": "ScheduleAnyway",
                                            "label_selector": [{"match_labels": {"app": "x"}}]}],
            "security_context": [{"fs_group": "2000", "supplemental_groups": [1, 2], "run_as_non_root": true}],
            "dns_config": [{"nameservers": ["1.1.1.1"], "option": [{"name": "ndots", "value": "1"}]}],
            "host_aliases": [{"ip": "10.0.0.1", "hostnames": ["h"]}],
            "image_pull_secrets": [{"name": "pull"}],
            "termination_grace_period_seconds": 5
        }]
    }])
}

fn simple_template(image: &str) -> Json {
    json!([{"metadata": [{"labels": {"app": "x"}}], "spec": [{"container": [{"name": "main", "image": image}]}]}])
}

fn workloads() -> Vec<Case> {
    let selector = json!([{"match_labels": {"app": "x"}}]);
    vec![
        case(
            "kubernetes_deployment_v1",
            json!({"metadata": [{"name": "d", "namespace": "NAMESPACE", "labels": {"app": "x"}}],
                   "spec": [{"replicas": "2", "selector": selector, "template": pod_template(),
                             "strategy": [{"type": "RollingUpdate", "rolling_update": [{"max_surge": "1"}]}]}],
                   "wait_for_rollout": false}),
            json!({"metadata": [{"name": "d", "namespace": "NAMESPACE"}],
                   "spec": [{"selector": selector, "template": simple_template("nginx:2"),
                             "strategy": [{"type": "Recreate"}]}],
                   "wait_for_rollout": false}),
        ),
        // Of a class that no volume has: its claims outlive it, and a volume that is bound cannot be deleted.
        case(
            "kubernetes_stateful_set_v1",
            json!({"metadata": [{"name": "s", "namespace": "NAMESPACE"}],
                   "spec": [{"service_name": "s", "replicas": "1", "selector": selector,
                             "template": simple_template("redis"),
                             "update_strategy": [{"type": "RollingUpdate", "rolling_update": [{"partition": 1}]}],
                             "volume_claim_template": [{"metadata": [{"name": "data"}],
                                 "spec": [{"access_modes": ["ReadWriteOnce"], "storage_class_name": "none",
                                           "resources": [{"requests": {"storage": "1Gi"}}]}]}]}],
                   "wait_for_rollout": false}),
            json!({"metadata": [{"name": "s", "namespace": "NAMESPACE"}],
                   "spec": [{"service_name": "s", "replicas": "2", "selector": selector,
                             "template": simple_template("redis:7"),
                             "update_strategy": [{"type": "RollingUpdate", "rolling_update": [{"partition": 0}]}],
                             "volume_claim_template": [{"metadata": [{"name": "data"}],
                                 "spec": [{"access_modes": ["ReadWriteOnce"], "storage_class_name": "none",
                                           "resources": [{"requests": {"storage": "1Gi"}}]}]}]}],
                   "wait_for_rollout": false}),
        ),
        case(
            "kubernetes_daemon_set_v1",
            json!({"metadata": [{"name": "ds", "namespace": "NAMESPACE"}],
                   "spec": [{"selector": selector, "template": simple_template("agent")}],
                   "wait_for_rollout": false}),
            json!({"metadata": [{"name": "ds", "namespace": "NAMESPACE"}],
                   "spec": [{"selector": selector, "template": simple_template("agent:2"), "min_ready_seconds": 3,
                             "strategy": [{"type": "OnDelete"}]}],
                   "wait_for_rollout": false}),
        ),
    ]
}

fn batch() -> Vec<Case> {
    let template =
        |image: &str| json!([{"metadata": [{}], "spec": [{"container": [{"name": "c", "image": image}]}]}]);
    vec![
        case(
            "kubernetes_job_v1",
            json!({"metadata": [{"name": "j", "namespace": "NAMESPACE"}],
                   "spec": [{"template": template("work"), "backoff_limit": 2, "ttl_seconds_after_finished": "60"}],
                   "wait_for_completion": false}),
            json!({"metadata": [{"name": "j", "namespace": "NAMESPACE", "annotations": {"a": "b"}}],
                   "spec": [{"template": template("work"), "backoff_limit": 2, "parallelism": 2,
                             "ttl_seconds_after_finished": "60"}],
                   "wait_for_completion": false}),
        ),
        case(
            "kubernetes_cron_job_v1",
            json!({"metadata": [{"name": "c", "namespace": "NAMESPACE"}],
                   "spec": [{"schedule": "* * * * *", "suspend": true,
                             "job_template": [{"metadata": [{}], "spec": [{"template": template("work")}]}]}]}),
            json!({"metadata": [{"name": "c", "namespace": "NAMESPACE"}],
                   "spec": [{"schedule": "0 * * * *", "timezone": "Etc/UTC", "concurrency_policy": "Forbid",
                             "successful_jobs_history_limit": 0, "suspend": true,
                             "job_template": [{"metadata": [{"labels": {"a": "b"}}],
                                               "spec": [{"template": template("work:2")}]}]}]}),
        ),
    ]
}

fn networking() -> Vec<Case> {
    vec![
        case(
            "kubernetes_ingress_v1",
            json!({"metadata": [{"name": "i", "namespace": "NAMESPACE"}],
                   "spec": [{"ingress_class_name": "nginx", "tls": [{"hosts": ["h.x"], "secret_name": "t"}],
                             "rule": [{"host": "h.x", "http": [{"path": [{"path": "/", "path_type": "Prefix",
                                 "backend": [{"service": [{"name": "web", "port": [{"number": 80}]}]}]}]}]}]}]}),
            json!({"metadata": [{"name": "i", "namespace": "NAMESPACE"}],
                   "spec": [{"default_backend": [{"service": [{"name": "web", "port": [{"name": "http"}]}]}]}]}),
        ),
        case(
            "kubernetes_ingress_class_v1",
            json!({"metadata": [{"name": "NAMESPACE-ic"}], "spec": [{"controller": "x.y/z"}]}),
            json!({"metadata": [{"name": "NAMESPACE-ic", "annotations": {"a": "b"}}],
                   "spec": [{"controller": "x.y/z", "parameters": [{"api_group": "x.y", "kind": "P", "name": "p"}]}]}),
        ),
        case(
            "kubernetes_network_policy_v1",
            json!({"metadata": [{"name": "np", "namespace": "NAMESPACE"}],
                   "spec": [{"pod_selector": [{}], "policy_types": ["Ingress"]}]}),
            json!({"metadata": [{"name": "np", "namespace": "NAMESPACE"}],
                   "spec": [{"pod_selector": [{"match_labels": {"a": "b"}}], "policy_types": ["Ingress", "Egress"],
                             "ingress": [{"from": [{"namespace_selector": [{}], "pod_selector": [{"match_labels": {"x": "y"}}]},
                                                   {"ip_block": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}]}],
                                          "ports": [{"port": "8080"}, {"port": "http", "protocol": "TCP"},
                                                    {"port": "1000", "end_port": 2000}]}],
                             "egress": [{}]}]}),
        ),
        case(
            "kubernetes_endpoint_slice_v1",
            json!({"metadata": [{"name": "es", "namespace": "NAMESPACE"}], "address_type": "IPv4",
                   "endpoint": [{"addresses": ["10.0.0.1"], "condition": [{"ready": true}]}],
                   "port": [{"name": "p", "port": "80", "app_protocol": "http"}]}),
            json!({"metadata": [{"name": "es", "namespace": "NAMESPACE"}], "address_type": "IPv4",
                   "endpoint": [{"addresses": ["10.0.0.2"], "condition": [{"ready": true}]}],
                   "port": [{"name": "p", "port": "80", "app_protocol": "http"}]}),
        ),
        // Of a service that every test's namespace has: a server that has just started clears away those of none.
        case(
            "kubernetes_endpoints_v1",
            json!({"metadata": [{"name": "ep", "namespace": "NAMESPACE"}],
                   "subset": [{"address": [{"ip": "10.0.0.4"}], "port": [{"name": "http", "port": 80}]}]}),
            json!({"metadata": [{"name": "ep", "namespace": "NAMESPACE"}],
                   "subset": [{"address": [{"ip": "10.0.0.4"}, {"ip": "10.0.0.5"}], "port": [{"name": "http", "port": 80}]}]}),
        ),
    ]
}

fn storage() -> Vec<Case> {
    // Said, because Terraform's provider never stops taking away what the server fills in.
    let spec = json!({"attach_required": true, "volume_lifecycle_modes": ["Persistent"]});
    vec![
        case(
            "kubernetes_storage_class_v1",
            json!({"metadata": [{"name": "NAMESPACE-sc"}], "storage_provisioner": "x/y", "parameters": {"a": "b"},
                   "volume_binding_mode": "WaitForFirstConsumer", "mount_options": ["ro"],
                   "allowed_topologies": [{"match_label_expressions": [{"key": "zone", "values": ["a", "b"]}]}]}),
            json!({"metadata": [{"name": "NAMESPACE-sc", "annotations": {"a": "b"}}], "storage_provisioner": "x/y",
                   "parameters": {"a": "b"}, "volume_binding_mode": "WaitForFirstConsumer", "mount_options": ["ro"],
                   "allow_volume_expansion": false,
                   "allowed_topologies": [{"match_label_expressions": [{"key": "zone", "values": ["a", "b"]}]}]}),
        ),
        case(
            "kubernetes_persistent_volume_v1",
            json!({"metadata": [{"name": "NAMESPACE-pv"}],
                   "spec": [{"access_modes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"},
                             "persistent_volume_source": [{"host_path": [{"path": "/tmp/x"}]}]}]}),
            json!({"metadata": [{"name": "NAMESPACE-pv", "labels": {"a": "b"}}],
                   "spec": [{"access_modes": ["ReadWriteOnce", "ReadOnlyMany"], "capacity": {"storage": "2Gi"},
                             "storage_class_name": "manual",
                             "persistent_volume_source": [{"host_path": [{"path": "/tmp/x"}]}]}]}),
        ),
        case(
            "kubernetes_persistent_volume_claim_v1",
            json!({"metadata": [{"name": "pvc", "namespace": "NAMESPACE"}], "wait_until_bound": false,
                   "spec": [{"access_modes": ["ReadWriteOnce"], "resources": [{"requests": {"storage": "1Gi"}}],
                             "storage_class_name": "manual", "selector": [{"match_labels": {"a": "b"}}]}]}),
            json!({"metadata": [{"name": "pvc", "namespace": "NAMESPACE", "labels": {"x": "y"}}], "wait_until_bound": false,
                   "spec": [{"access_modes": ["ReadWriteOnce"], "resources": [{"requests": {"storage": "1Gi"}}],
                             "storage_class_name": "manual", "selector": [{"match_labels": {"a": "b"}}]}]}),
        ),
        case(
            "kubernetes_csi_driver_v1",
            json!({"metadata": [{"name": "NAMESPACE.csi"}], "spec": [spec]}),
            json!({"metadata": [{"name": "NAMESPACE.csi", "labels": {"a": "b"}}], "spec": [spec]}),
        ),
    ]
}

fn policy() -> Vec<Case> {
    vec![
        case(
            "kubernetes_limit_range_v1",
            json!({"metadata": [{"name": "lr", "namespace": "NAMESPACE"}],
                   "spec": [{"limit": [{"type": "PersistentVolumeClaim", "min": {"storage": "1M"}}]}]}),
            json!({"metadata": [{"name": "lr", "namespace": "NAMESPACE"}],
                   "spec": [{"limit": [{"type": "PersistentVolumeClaim", "min": {"storage": "2M"}},
                                       {"type": "Pod", "max": {"cpu": "200m"}}]}]}),
        ),
        case(
            "kubernetes_resource_quota_v1",
            json!({"metadata": [{"name": "rq", "namespace": "NAMESPACE"}],
                   "spec": [{"hard": {"count/jobs.batch": "100", "requests.storage": "100Gi"}}]}),
            json!({"metadata": [{"name": "rq", "namespace": "NAMESPACE"}],
                   "spec": [{"hard": {"count/jobs.batch": "90"}, }]}),
        ),
        case(
            "kubernetes_priority_class_v1",
            json!({"metadata": [{"name": "NAMESPACE-pc"}], "value": 100}),
            json!({"metadata": [{"name": "NAMESPACE-pc"}], "value": 100, "description": "text"}),
        ),
        case(
            "kubernetes_pod_disruption_budget_v1",
            json!({"metadata": [{"name": "pdb", "namespace": "NAMESPACE"}],
                   "spec": [{"max_unavailable": "20%", "selector": [{"match_labels": {"app": "x"}}]}]}),
            json!({"metadata": [{"name": "pdb", "namespace": "NAMESPACE", "labels": {"a": "b"}}],
                   "spec": [{"max_unavailable": "20%", "selector": [{"match_labels": {"app": "x"}}]}]}),
        ),
        case(
            "kubernetes_horizontal_pod_autoscaler_v1",
            json!({"metadata": [{"name": "hpa1", "namespace": "NAMESPACE"}],
                   "spec": [{"max_replicas": 3, "scale_target_ref": [{"kind": "Deployment", "name": "none", "api_version": "apps/v1"}]}]}),
            json!({"metadata": [{"name": "hpa1", "namespace": "NAMESPACE"}],
                   "spec": [{"max_replicas": 4, "min_replicas": 2, "target_cpu_utilization_percentage": 50,
                             "scale_target_ref": [{"kind": "Deployment", "name": "none", "api_version": "apps/v1"}]}]}),
        ),
        case(
            "kubernetes_horizontal_pod_autoscaler_v2",
            json!({"metadata": [{"name": "hpa2", "namespace": "NAMESPACE"}],
                   "spec": [{"max_replicas": 3, "scale_target_ref": [{"kind": "Deployment", "name": "none", "api_version": "apps/v1"}],
                             "metric": [{"type": "Resource", "resource": [{"name": "cpu",
                                 "target": [{"type": "Utilization", "average_utilization": 60}]}]}]}]}),
            json!({"metadata": [{"name": "hpa2", "namespace": "NAMESPACE"}],
                   "spec": [{"max_replicas": 5, "scale_target_ref": [{"kind": "Deployment", "name": "none", "api_version": "apps/v1"}],
                             "metric": [{"type": "External", "external": [{"metric": [{"name": "q",
                                 "selector": [{"match_labels": {"a": "b"}}]}], "target": [{"type": "Value", "value": "100"}]}]}],
                             "behavior": [{"scale_down": [{"stabilization_window_seconds": 300, "select_policy": "Min",
                                 "policy": [{"type": "Pods", "period_seconds": 60, "value": 1}]}]}]}]}),
        ),
    ]
}

fn admission() -> Vec<Case> {
    let webhook = |policy: &str| {
        json!([{"name": "w.example.com", "admission_review_versions": ["v1"], "side_effects": "None",
                "failure_policy": policy,
                "client_config": [{"service": [{"name": "none", "namespace": "NAMESPACE", "path": "/x"}]}],
                "namespace_selector": [{"match_labels": {"no-such-label": "NAMESPACE"}}],
                "rule": [{"api_groups": ["none.example.com"], "api_versions": ["v1"], "operations": ["CREATE"],
                          "resources": ["things"]}]}])
    };
    vec![
        case(
            "kubernetes_validating_webhook_configuration_v1",
            json!({"metadata": [{"name": "NAMESPACE-v"}], "webhook": webhook("Fail")}),
            json!({"metadata": [{"name": "NAMESPACE-v"}], "webhook": webhook("Ignore")}),
        ),
        case(
            "kubernetes_mutating_webhook_configuration_v1",
            json!({"metadata": [{"name": "NAMESPACE-m"}], "webhook": webhook("Fail")}),
            json!({"metadata": [{"name": "NAMESPACE-m"}], "webhook": webhook("Ignore")}),
        ),
        // Without a service: while one does not answer, no namespace of the cluster can be deleted.
        case(
            "kubernetes_api_service_v1",
            json!({"metadata": [{"name": "v1.NAMESPACE.example.com"}],
                   "spec": [{"group": "NAMESPACE.example.com", "version": "v1", "group_priority_minimum": 1000,
                             "version_priority": 10}]}),
            json!({"metadata": [{"name": "v1.NAMESPACE.example.com"}],
                   "spec": [{"group": "NAMESPACE.example.com", "version": "v1", "group_priority_minimum": 1000,
                             "version_priority": 20}]}),
        ),
        case(
            "kubernetes_runtime_class_v1",
            json!({"metadata": [{"name": "NAMESPACE-rc"}], "handler": "runc"}),
            json!({"metadata": [{"name": "NAMESPACE-rc", "labels": {"a": "b"}}], "handler": "runc"}),
        ),
    ]
}
