//! Inputs made to be hard: deep, long, or growing without end. Time and memory stay bounded, and what is too much is
//! said to be so.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::directory::{Directory, Run};

/// Address space of the program in KiB; half a GiB of it is the stack, which is hardly touched.
const MEMORY_KIB: u32 = 4 << 20;
/// How long any of the inputs may take; the slow build that tests use is what needs so much.
const TIME: Duration = Duration::from_secs(60);
const DEPTH: usize = 10_000;
/// Bytes of a long text: 100 MiB, much less where nothing is optimized.
const LONG_BYTES: usize = if cfg!(debug_assertions) { 2 << 20 } else { 100 << 20 };

/// Runs the program with bounded memory.
fn run(directory: &Directory, words: &str) -> Run {
    let program = directory.command(words);
    let mut command = Command::new("sh");
    let script = format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\"");
    command.args(["-c", &script]).arg(program.get_program()).args(program.get_args());
    command
        .current_dir(directory.path())
        .env("NO_COLOR", "1")
        .env("TF_INPUT", "0")
        .env_remove("TF_CLI_CONFIG_FILE");
    let start = Instant::now();
    let run: Run = command.stdin(std::process::Stdio::null()).output().unwrap().into();
    assert!(start.elapsed() < TIME, "{words} took {:?}", start.elapsed());
    run
}

/// Checks that a configuration is accepted or refused with a message, and returns the messages.
#[track_caller]
fn check(name: &str, directory: &Directory, words: &str) -> String {
    let run = run(directory, words);
    let (stdout, stderr) = (head(&run.stdout), head(&run.stderr));
    assert_eq!(run.signal, None, "{name}: {stderr}");
    assert!(matches!(run.code, Some(0..=2)), "{name}: {:?} {stdout} {stderr}", run.code);
    assert!(run.code == Some(0) || stderr.contains("Error:"), "{name}: {stdout} {stderr}");
    run.stderr
}

fn head(text: &str) -> String {
    text.chars().take(1500).collect()
}

/// Wraps something in brackets many times.
fn nested(open: &str, inside: &str, close: &str) -> String {
    format!("{}{inside}{}", open.repeat(DEPTH), close.repeat(DEPTH))
}

#[test]
fn deep_nesting_is_refused() {
    let inner = nested("a {\n", "", "}\n");
    let blocks = format!("resource \"terraform_data\" \"x\" {{\n{inner}}}\n");
    let expressions = [
        ("lists", nested("[", "", "]")),
        ("parentheses", nested("(", "1", ")")),
        ("objects", nested("{a=", "1", "}")),
        ("templates", nested("\"${", "1", "}\"")),
        ("calls", nested("abs(", "1", ")")),
        ("indexes", nested("a[", "1", "]")),
        ("not", nested("!", "true", "")),
        ("minus", nested("- ", "1", "")),
        ("conditionals", nested("true ? ", "1", " : 2")),
        ("conditionals to the right", nested("true ? 1 : ", "2", "")),
        ("loops", nested("[for x in [1] : ", "x", "]")),
        ("directives", format!("\"{}\"", nested("%{ if true }", "", "%{ endif }"))),
        ("unclosed", "[".repeat(DEPTH)),
        ("unclosed templates", "\"${".repeat(DEPTH)),
    ];
    let directory = Directory::new(&blocks);
    let messages = check("blocks", &directory, "validate");
    assert!(messages.contains("nest") || messages.contains("Unsupported block type"), "{}", head(&messages));
    for (name, expression) in expressions {
        fs::write(directory.join("main.tf"), format!("output \"x\" {{\n  value = {expression}\n}}\n"))
            .unwrap();
        let messages = check(name, &directory, "validate");
        assert!(messages.contains("Error:"), "{name} is accepted");
        assert!(messages.len() < 20_000, "{name} has {} bytes of messages", messages.len());
        check(name, &directory, "fmt -check");
    }
    fs::remove_file(directory.join("main.tf")).unwrap();
    for (name, json) in [
        ("JSON arrays", format!("{{\"locals\": {{\"x\": {}}}}}", nested("[", "", "]"))),
        ("JSON objects", format!("{{\"locals\": {}}}", nested("{\"x\":", "1", "}"))),
    ] {
        fs::write(directory.join("main.tf.json"), json).unwrap();
        assert!(check(name, &directory, "validate").contains("Error:"), "{name} is accepted");
    }
    fs::remove_file(directory.join("main.tf.json")).unwrap();
    let types = format!("variable \"x\" {{\n  type = {}\n}}\n", nested("list(", "string", ")"));
    fs::write(directory.join("main.tf"), types).unwrap();
    assert!(check("types", &directory, "validate").contains("Error:"), "types are accepted");
}

#[test]
fn long_chains_are_no_problem() {
    let directory = Directory::new("");
    for (name, expression) in [
        ("sums", format!("{}1", "1 + ".repeat(900))),
        ("conditions", format!("{}true", "true && ".repeat(900))),
        ("elements", format!("[{}]", "1, ".repeat(100_000))),
        ("texts", format!("\"{}\"", "${1}-".repeat(50_000))),
    ] {
        fs::write(directory.join("main.tf"), format!("output \"x\" {{\n  value = {expression}\n}}\n"))
            .unwrap();
        let run = run(&directory, "plan");
        assert_eq!(run.code, Some(0), "{name}: {}", head(&run.stderr));
    }
    for (name, steps) in [
        ("attributes", ".a".repeat(DEPTH)),
        ("splats", "[*]".repeat(DEPTH)),
        ("indexes", "[0]".repeat(DEPTH)),
    ] {
        let text = format!(
            "locals {{\n  x = []\n  y = try(local.x{steps}, 1)\n}}\noutput \"y\" {{\n  value = local.y\n}}\n"
        );
        fs::write(directory.join("main.tf"), text).unwrap();
        check(name, &directory, "plan");
    }
}

#[test]
fn values_that_grow_deep_are_handled() {
    let mut text = "locals {\n  v0 = []\n".to_owned();
    for level in 1..=3000 {
        text += &format!("  v{level} = [local.v{}]\n", level - 1);
    }
    text += "}\noutput \"x\" {\n  value = jsonencode(local.v3000)\n}\n";
    text += "resource \"terraform_data\" \"x\" {\n  input = local.v3000\n}\n";
    let directory = Directory::new(&text);
    check("deep values", &directory, "plan -out=saved.plan");
    check("deep values", &directory, "apply -auto-approve");
    check("deep values", &directory, "show");
    check("deep values", &directory, "plan");
}

#[test]
fn functions_have_bounds() {
    let directory = Directory::new("");
    fs::write(directory.join("deep.json"), nested("[", "", "]")).unwrap();
    fs::write(directory.join("deep.yaml"), nested("[", "", "]")).unwrap();
    fs::write(
        directory.join("deep-blocks.yaml"),
        (0..2000).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<String>(),
    )
    .unwrap();
    fs::write(directory.join("itself.tftpl"), "${templatefile(\"itself.tftpl\", {})}").unwrap();
    let mut laughs = "a0: &a0 [lol, lol]\n".to_owned();
    for level in 1..40 {
        laughs += &format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(10));
    }
    fs::write(directory.join("laughs.yaml"), laughs).unwrap();
    let refused = [
        "jsondecode(file(\"deep.json\"))",
        "yamldecode(file(\"deep.yaml\"))",
        "yamldecode(file(\"deep-blocks.yaml\"))",
        "yamldecode(file(\"laughs.yaml\"))",
        "templatefile(\"itself.tftpl\", {})",
        "templatestring(local.recursive, { recursive = local.recursive })",
        "format(\"%999999999999s\", 1)",
        "format(\"%2000000000d\", 1)",
        "format(\"%.2000000000f\", 1)",
        "format(\"%*d\", 2000000000, 1)",
        "regex(\"(((((a{1,100}){1,100}){1,100}){1,100}){1,100})\", \"aaaa\")",
        "range(1e9)",
        "range(0, 1, 1e-30)",
        "setproduct([for x in range(1000) : x], [for x in range(1000) : x], [for x in range(1000) : x], [for x in range(1000) : x])",
        "cidrsubnets(\"10.0.0.0/8\", 1e9)",
        "1e999999999",
        "tonumber(\"1e999999999\")",
        "formatdate(local.long, \"2025-01-01T00:00:00Z\")",
    ];
    let accepted = [
        "length(regexall(\"(a*)*b\", join(\"\", [for x in range(1000) : \"aaaaaaaaaa\"])))",
        "length(regexall(\"(x+x+)+y\", join(\"\", [for x in range(1000) : \"xxxxxxxxxx\"])))",
        "length(replace(join(\"\", [for x in range(1000) : \"xxxxxxxxxx\"]), \"/(x|x|x)*$/\", \"y\"))",
        "length(setproduct([for x in range(300) : x], [for x in range(300) : x]))",
    ];
    for (expressions, is_refused) in [(&refused[..], true), (&accepted[..], false)] {
        for expression in expressions {
            let text = format!(
                "locals {{\n  recursive = \"$${{templatestring(recursive, {{}})}}\"\n  long = join(\"\", [for x in range(1000) : \
                 \"'''x\"])\n}}\noutput \"x\" {{\n  value = {expression}\n}}\n"
            );
            fs::write(directory.join("main.tf"), text).unwrap();
            let messages = check(expression, &directory, "plan");
            assert_eq!(messages.contains("Error:"), is_refused, "{expression}: {}", head(&messages));
        }
    }
}

#[test]
fn long_texts_are_read_once() {
    let directory = Directory::new("");
    let long = "x".repeat(LONG_BYTES);
    fs::write(directory.join("long.txt"), &long).unwrap();
    for expression in [
        "length(file(\"long.txt\"))",
        "sha256(upper(file(\"long.txt\")))",
        "length(split(\"y\", file(\"long.txt\")))",
        "length(regexall(\"y\", file(\"long.txt\")))",
        "length(jsonencode(file(\"long.txt\")))",
        "length(base64encode(file(\"long.txt\")))",
        "length(templatefile(\"long.txt\", {}))",
    ] {
        fs::write(directory.join("main.tf"), format!("output \"x\" {{\n  value = {expression}\n}}\n"))
            .unwrap();
        let run = run(&directory, "plan");
        assert_eq!(run.code, Some(0), "{expression}: {}", head(&run.stderr));
    }
    fs::write(directory.join("main.tf"), format!("locals {{\n  x = \"{long}\"\n}}\n")).unwrap();
    check("a long text in a file", &directory, "validate");
    fs::write(directory.join("main.tf"), format!("locals {{\n  {long} = ]\n}}\n")).unwrap();
    let messages = check("a long name", &directory, "validate");
    assert!(messages.len() < 20_000, "{} bytes of messages", messages.len());
}
