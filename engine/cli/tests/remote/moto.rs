//! Objects: a stand-in for Amazon's S3 and DynamoDB that other projects test with.

use std::collections::BTreeMap;
use std::process::Command;

use crate::project::Place;
use crate::services::{Service, free_port};
use crate::turns;

const SECRET: &str = "only-for-these-tests";

struct Moto {
    _service: Service,
    address: String,
}

impl Moto {
    fn start() -> Option<Self> {
        let Ok(modules) = std::env::var("TERRANE_TEST_MOTO") else {
            println!("skipped: TERRANE_TEST_MOTO names no folder with a stand-in for S3");
            return None;
        };
        let port = free_port();
        let mut command = Command::new("python3");
        command
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
            .env("PYTHONPATH", modules)
            .current_dir("/");
        let moto =
            Self { _service: Service::start_at(command, port), address: format!("http://127.0.0.1:{port}") };
        moto.ask(&["--request", "PUT", &format!("{}/states", moto.address)], "s3");
        moto.ask(
            &[
                "--header",
                "Content-Type: application/x-amz-json-1.0",
                "--header",
                "X-Amz-Target: DynamoDB_20120810.CreateTable",
                "--data",
                r#"{"TableName":"locks","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"LockID","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"LockID","AttributeType":"S"}]}"#,
                &format!("{}/", moto.address),
            ],
            "dynamodb",
        );
        Some(moto)
    }

    /// Asks for something that is there before any state is.
    fn ask(&self, arguments: &[&str], service: &str) {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--user", &format!("key:{SECRET}")])
            .args(["--aws-sigv4", &format!("aws:amz:us-east-1:{service}")])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn place(&self, further: &[(&'static str, &str)]) -> Place {
        let text = |text: &str| format!("\"{text}\"");
        let endpoints = ["s3", "dynamodb", "sts"].map(|name| format!("{name} = \"{}\"", self.address));
        let mut arguments = vec![
            ("bucket", text("states")),
            ("key", text("prod/a b.tfstate")),
            ("region", text("us-east-1")),
            ("endpoints", format!("{{ {} }}", endpoints.join(", "))),
            ("use_path_style", "true".to_owned()),
            ("skip_credentials_validation", "true".to_owned()),
            ("skip_requesting_account_id", "true".to_owned()),
            ("encrypt", "true".to_owned()),
        ];
        arguments.extend(further.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let environment = BTreeMap::from([
            ("AWS_ACCESS_KEY_ID".to_owned(), "key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), SECRET.to_owned()),
        ]);
        Place { kind: "s3", arguments, environment, locks_stay: true }
    }
}

#[test]
fn states_are_objects() {
    let Some(moto) = Moto::start() else { return };
    let place = moto.place(&[("use_lockfile", "true")]);
    turns::check(&place);
    turns::check_refusal(&place, "bucket", "\"nowhere\"", "NoSuchBucket", SECRET);
}

#[test]
fn a_table_has_locks_and_checksums() {
    let Some(moto) = Moto::start() else { return };
    turns::check(&moto.place(&[("dynamodb_table", "\"locks\""), ("workspace_key_prefix", "\"spaces\"")]));
    turns::check(&moto.place(&[("dynamodb_table", "\"locks\""), ("use_lockfile", "true")]));
}

#[test]
fn a_role_is_assumed() {
    let Some(moto) = Moto::start() else { return };
    let role = "{ role_arn = \"arn:aws:iam::123456789012:role/states\", duration = \"30m\" }";
    let mut place = moto.place(&[("assume_role", role), ("allowed_account_ids", "[\"123456789012\"]")]);
    let project = crate::project::Project::new(&place);
    project.write("main.tf", &format!("{}output \"n\" {{\n  value = 1\n}}\n", place.block()));
    project.terrane("init").succeeded();
    project.terrane("apply -auto-approve").succeeded();
    assert_eq!(project.terrane("output n").succeeded().trim(), "1");
    place.arguments.pop();
    place.arguments.push(("forbidden_account_ids", "[]".to_owned()));
    let forbidden = "[\"123456789012\"]";
    turns::check_refusal(
        &place,
        "forbidden_account_ids",
        forbidden,
        "not one of those that are allowed",
        SECRET,
    );
}
