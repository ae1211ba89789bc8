//! Faults on demand: which requests go wrong, and how.
//!
//! A fault file is JSON:
//!
//! ```json
//! {
//!   "seed": 7,
//!   "rules": [
//!     {"method": "PUT", "type": "Microsoft.Network/*", "probability": 0.05, "status": 429, "retry_after": 1},
//!     {"path": "/listKeys$", "after": 2, "count": 1, "drop": "after"},
//!     {"type": "Microsoft.Cache/redis", "method": "PUT", "fail_operation": {"code": "InternalServerError"}},
//!     {"method": "GET", "delay_ms": 50}
//!   ]
//! }
//! ```
//!
//! A rule matches by `method`, by `type` (the resource type in the path; `*` stands for anything) and by `path` (a
//! regular expression on the path). Of the requests that match, the first `after` are let through, then each is hit
//! with `probability` (default 1), at most `count` times. What happens: `delay_ms` waits; `status` answers with an
//! error (`code`, `message`, `retry_after` seconds, `body`); `drop` closes the connection `before` or `after` the
//! request is carried out; `fail_operation` lets the operation that the request starts fail in the end. The first
//! rule that hits with more than a delay wins. With a `seed` the same requests meet the same faults.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use regex::Regex;
use serde_json::{Map, Value};

use crate::error::ArmError;
use crate::guid;
use crate::http::{Request, Response};
use crate::world::Failure;

/// The rules of a fault file, with their counters.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    random: u64,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    method: Option<String>,
    type_pattern: Option<Regex>,
    path: Option<Regex>,
    probability: f64,
    /// Matching requests still to be let through.
    after: u64,
    /// Hits still to come; `None` is without end.
    count: Option<u64>,
    delay: Duration,
    effect: Effect,
}

/// What goes wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Effect {
    /// Nothing.
    #[default]
    None,
    /// The request is answered with this and not carried out.
    Answer(Response),
    /// The connection is closed without carrying the request out.
    DropBefore,
    /// The request is carried out, then the connection is closed.
    DropAfter,
    /// The operation that the request starts fails.
    FailOperation(Failure),
}

/// What the rules have in store for one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) delay: Duration,
    pub(crate) effect: Effect,
}

impl Faults {
    /// Reads a fault file.
    pub(crate) fn open(path: &Path) -> Result<Faults, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        Faults::parse(&text)
    }

    fn parse(text: &str) -> Result<Faults, String> {
        let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let rules = file.get("rules").and_then(Value::as_array).ok_or("`rules` must be a list")?;
        let rules = rules
            .iter()
            .enumerate()
            .map(|(idx, rule)| parse_rule(rule).map_err(|message| format!("rule {}: {message}", idx + 1)))
            .collect::<Result<Vec<Rule>, String>>()?;
        let random = file.get("seed").and_then(Value::as_u64).unwrap_or_else(random_seed);
        Ok(Faults { state: Mutex::new(State { random, rules }) })
    }

    /// Decides what happens to a request.
    pub(crate) fn decide(&self, request: &Request) -> Verdict {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut verdict = Verdict::default();
        if state.rules.is_empty() {
            return verdict;
        }
        let type_name = request_type(request);
        let State { random, rules } = &mut *state;
        for rule in rules.iter_mut().filter(|rule| rule.matches(request, &type_name)) {
            if !rule.hits(random) {
                continue;
            }
            verdict.delay += rule.delay;
            if verdict.effect == Effect::None {
                verdict.effect = rule.effect.clone();
            }
        }
        verdict
    }
}

impl Rule {
    fn matches(&self, request: &Request, type_name: &str) -> bool {
        self.method.as_deref().is_none_or(|method| method == request.method.as_str())
            && self.type_pattern.as_ref().is_none_or(|pattern| pattern.is_match(type_name))
            && self.path.as_ref().is_none_or(|path| path.is_match(&request.raw_path))
    }

    fn hits(&mut self, random: &mut u64) -> bool {
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        if self.count == Some(0) || next_random(random) >= self.probability {
            return false;
        }
        self.count = self.count.map(|count| count - 1);
        true
    }
}

fn parse_rule(rule: &Value) -> Result<Rule, String> {
    let rule = rule.as_object().ok_or("a rule must be an object")?;
    const KNOWN: &[&str] = &[
        "method",
        "type",
        "path",
        "probability",
        "after",
        "count",
        "delay_ms",
        "status",
        "code",
        "message",
        "retry_after",
        "body",
        "drop",
        "fail_operation",
        "comment",
    ];
    if let Some(unknown) = rule.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(format!("unknown member `{unknown}`"));
    }
    let text = |name: &str| match rule.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(format!("`{name}` must be a string")),
    };
    let number = |name: &str| match rule.get(name) {
        None => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| format!("`{name}` must be a whole number")),
    };
    let regex = |source: String| Regex::new(&format!("(?i){source}")).map_err(|error| error.to_string());
    let probability = match rule.get("probability") {
        None => 1.0,
        Some(value) => {
            value.as_f64().filter(|it| (0.0..=1.0).contains(it)).ok_or("`probability` must be 0 to 1")?
        }
    };
    Ok(Rule {
        method: text("method")?.map(str::to_ascii_uppercase),
        type_pattern: text("type")?.map(type_pattern).map(regex).transpose()?,
        path: text("path")?.map(str::to_owned).map(regex).transpose()?,
        probability,
        after: number("after")?.unwrap_or(0),
        count: number("count")?,
        delay: Duration::from_millis(number("delay_ms")?.unwrap_or(0)),
        effect: parse_effect(rule, text("drop")?, number("status")?, number("retry_after")?)?,
    })
}

fn type_pattern(glob: &str) -> String {
    let pieces: Vec<String> = glob.split('*').map(regex_escape).collect();
    format!("^{}$", pieces.join(".*"))
}

fn regex_escape(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let escape = !character.is_ascii_alphanumeric() && character.is_ascii();
            escape.then_some('\\').into_iter().chain([character])
        })
        .collect()
}

fn parse_effect(
    rule: &Map<String, Value>,
    drop: Option<&str>,
    status: Option<u64>,
    retry_after: Option<u64>,
) -> Result<Effect, String> {
    let word = |object: &Map<String, Value>, name: &str, default: &str| {
        object.get(name).and_then(Value::as_str).unwrap_or(default).to_owned()
    };
    if let Some(failure) = rule.get("fail_operation") {
        let failure = failure.as_object().ok_or("`fail_operation` must be an object")?;
        return Ok(Effect::FailOperation(Failure {
            code: word(failure, "code", "InternalServerError"),
            message: word(failure, "message", "An injected fault."),
        }));
    }
    match (drop, status) {
        (Some("before"), _) => Ok(Effect::DropBefore),
        (Some("after"), _) => Ok(Effect::DropAfter),
        (Some(other), _) => Err(format!("`drop` must be `before` or `after`, not `{other}`")),
        (None, None) => Ok(Effect::None),
        (None, Some(status)) => {
            let status = u16::try_from(status).ok().filter(|status| (200..600).contains(status));
            let status = status.ok_or("`status` must be an HTTP status")?;
            if let Some(body) = rule.get("body") {
                return Ok(Effect::Answer(Response::json(status, body)));
            }
            let code = word(rule, "code", default_code(status));
            let mut error = ArmError::new(status, code, word(rule, "message", "An injected fault."));
            error.retry_after_seconds = retry_after;
            Ok(Effect::Answer(error.into()))
        }
    }
}

fn default_code(status: u16) -> &'static str {
    match status {
        400 => "BadRequest",
        401 => "InvalidAuthenticationToken",
        403 => "AuthorizationFailed",
        404 => "ResourceNotFound",
        409 => "Conflict",
        412 => "PreconditionFailed",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        _ => "InternalServerError",
    }
}

/// The resource type in a request's path: a resource group's if there is no other.
fn request_type(request: &Request) -> String {
    match request.path.provider_part() {
        Some(part) => part.type_name(part.rest.len().div_ceil(2)),
        None => "Microsoft.Resources/resourceGroups".into(),
    }
}

fn random_seed() -> u64 {
    let mut bytes = [0; 8];
    guid::fill_random(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// Steps a SplitMix64 generator; returns a number in [0, 1).
fn next_random(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
    let unit = (mixed >> 11) as f64 / (1_u64 << 53) as f64;
    unit
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::{HeaderMap, Method};

    use super::*;

    const NETWORK: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";

    fn request(method: Method, path: &str) -> Request {
        Request::new(method, &path.parse().expect("a path"), HeaderMap::new(), Bytes::new())
    }

    #[test]
    fn rules_match_by_method_type_and_path() {
        let faults = Faults::parse(
            r#"{"seed": 1, "rules": [
                {"method": "put", "type": "microsoft.network/*", "status": 429, "retry_after": 3},
                {"path": "/resourceGroups/[^/]+$", "drop": "after"},
                {"delay_ms": 5}
            ]}"#,
        )
        .expect("the rules are good");
        let verdict = faults.decide(&request(Method::PUT, NETWORK));
        assert_eq!(verdict.delay, Duration::from_millis(5));
        let Effect::Answer(response) = verdict.effect else { panic!("not answered: {verdict:?}") };
        assert_eq!(response.status, 429);
        assert!(response.headers.contains(&("retry-after", "3".to_owned())));
        assert_eq!(faults.decide(&request(Method::GET, NETWORK)).effect, Effect::None);
        let group = request(Method::GET, "/subscriptions/s/resourcegroups/g");
        assert_eq!(faults.decide(&group).effect, Effect::DropAfter);
    }

    #[test]
    fn rules_count() {
        let faults =
            Faults::parse(r#"{"rules": [{"after": 1, "count": 2, "drop": "before"}]}"#).expect("good rules");
        let effects: Vec<_> = (0..4).map(|_| faults.decide(&request(Method::GET, NETWORK)).effect).collect();
        assert_eq!(effects, [Effect::None, Effect::DropBefore, Effect::DropBefore, Effect::None]);
    }

    #[test]
    fn a_seed_repeats_its_faults() {
        let text = r#"{"seed": 42, "rules": [{"probability": 0.3, "drop": "before"}]}"#;
        let run = || {
            let faults = Faults::parse(text).expect("good rules");
            (0..1000).filter(|_| faults.decide(&request(Method::GET, NETWORK)).effect != Effect::None).count()
        };
        let hits = run();
        assert_eq!(hits, run());
        assert!((230..370).contains(&hits), "{hits}");
    }

    #[test]
    fn bad_files_are_refused_with_the_rule() {
        for (text, expected) in [
            ("[]", "`rules`"),
            (r#"{"rules": [{}, {"metod": "PUT"}]}"#, "rule 2: unknown member `metod`"),
            (r#"{"rules": [{"path": "("}]}"#, "rule 1"),
            (r#"{"rules": [{"drop": "never"}]}"#, "`drop`"),
            (r#"{"rules": [{"probability": 2}]}"#, "`probability`"),
            (r#"{"rules": [{"status": 99}]}"#, "`status`"),
        ] {
            let message = Faults::parse(text).expect_err(text);
            assert!(message.contains(expected), "{message}");
        }
    }
}
