//! A webhook of the cluster, on loopback: it refuses objects with the label `forbidden`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use tempfile::TempDir;

use super::cluster::TestCluster;

const SERVER: &str = r#"
import http.server, json, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        labels = ((request.get("object") or {}).get("metadata") or {}).get("labels") or {}
        answer = {"uid": request["uid"], "allowed": "forbidden" not in labels, "status": {"message": "that label is forbidden"}}
        body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("tls.crt", "tls.key")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

/// A webhook that is asked about the objects of one namespace until the test ends.
pub(crate) struct Webhook<'c> {
    cluster: &'c TestCluster,
    server: Child,
    _folder: TempDir,
}

impl<'c> Webhook<'c> {
    /// Starts the webhook and waits until the cluster asks it.
    pub(crate) fn start(cluster: &'c TestCluster) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        certificate(folder.path());
        let mut server = Command::new("python3")
            .args(["-c", SERVER])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is installed");
        let mut port = String::new();
        let output = server.stdout.take().expect("it was asked for");
        BufReader::new(output).read_line(&mut port).expect("the server tells its port");
        let authority = std::fs::read(folder.path().join("tls.crt")).expect("there is a certificate");
        cluster.create(&json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": cluster.namespace},
            "webhooks": [{
                "name": "labels.example.org", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "clientConfig": {"url": format!("https://127.0.0.1:{}/", port.trim()), "caBundle": BASE64.encode(authority)},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": cluster.namespace}},
                "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["*"]}],
            }],
        }));
        let webhook = Self { cluster, server, _folder: folder };
        while webhook.accepts() {
            std::thread::sleep(Duration::from_millis(100));
        }
        webhook
    }

    /// Tells whether the cluster accepts what the webhook refuses.
    fn accepts(&self) -> bool {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "probe", "namespace": self.cluster.namespace, "labels": {"forbidden": "yes"}},
        });
        let mut command = Command::new("kubectl");
        command.args(["--kubeconfig", &self.cluster.kubeconfig, "create", "--dry-run=server", "-f", "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("kubectl is installed");
        let mut input = child.stdin.take().expect("it was asked for");
        input.write_all(object.to_string().as_bytes()).expect("kubectl reads its input");
        drop(input);
        child.wait().expect("it ends").success()
    }
}

/// Makes a certificate for loopback, `tls.crt`, and its key, `tls.key`.
pub(crate) fn certificate(folder: &Path) {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=webhook"]);
    command.args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "tls.key", "-out", "tls.crt"]);
    let output = command.current_dir(folder).output().expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

impl Drop for Webhook<'_> {
    fn drop(&mut self) {
        self.cluster.kubectl(&["delete", "validatingwebhookconfiguration", &self.cluster.namespace]);
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
