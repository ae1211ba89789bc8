//! What is said while objects are made, changed and destroyed: a line when something begins and when it ends, as
//! Terraform writes them, and on a terminal a few lines about what is under way.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use terrane_model::{ResourceInstanceAddress, Value};
use terrane_plan::{Action, Plan, ResourceChange};
use terrane_provider::ProgressUpdate;
use terrane_state::DeposedKey;

use super::paint::Paint;
use crate::report::wording::{complete, elapsed_text, id_of, progressing, starting};
use crate::terminal::Style;

/// How often something that takes long is reported.
pub const PROGRESS_PERIOD: Duration = Duration::from_secs(10);

/// How many things under way are shown one by one.
const SHOWN_MAX: usize = 5;

/// What is under way, and how far the run has come.
pub struct Progress {
    /// What runs now; an object is worked on by one action at a time.
    running: FxHashMap<(ResourceInstanceAddress, Action), Running>,
    /// How many operations have ended.
    done: usize,
    /// How many operations there are, where the plan is known.
    total: Option<usize>,
    begun: Instant,
}

/// Something under way.
struct Running {
    /// What the line about it begins with.
    subject: String,
    /// The id that the object has already.
    id: Option<String>,
    started: Instant,
    /// How many periods were reported.
    reported: u32,
    /// What the provider said last.
    phase: String,
    /// How long it usually takes.
    expected: Option<Duration>,
}

impl Progress {
    /// Nothing is under way.
    pub fn new(now: Instant) -> Self {
        Self { running: FxHashMap::default(), done: 0, total: None, begun: now }
    }

    /// A plan is about to be carried out.
    pub fn begin(&mut self, plan: &Plan, now: Instant) {
        let operations = plan.resource_changes.iter().map(|change| match change.change.action {
            Action::NoOp | Action::Forget => 0,
            Action::DeleteThenCreate | Action::CreateThenDelete => 2,
            _ => 1,
        });
        *self = Self { total: Some(operations.sum()), ..Self::new(now) };
    }

    /// Something begins. Returns the line about it.
    pub fn start(
        &mut self,
        change: &ResourceChange,
        action: Action,
        deposed: Option<&DeposedKey>,
        expected: Option<Duration>,
        now: Instant,
    ) -> String {
        let id = if action == Action::Create { None } else { id_part(&change.change.before) };
        let line =
            format!("{}: {}{}", subject(&change.address, deposed), starting(action), brackets(id.as_deref()));
        let subject = change.address.to_string();
        let running = Running { subject, id, started: now, reported: 0, phase: String::new(), expected };
        self.running.insert((change.address.clone(), action), running);
        line
    }

    /// The provider says how it goes.
    pub fn update(&mut self, address: &ResourceInstanceAddress, update: ProgressUpdate) {
        let actions = [Action::Create, Action::Update, Action::Delete, Action::Read];
        for action in actions {
            if let Some(running) = self.running.get_mut(&(address.clone(), action)) {
                running.expected = update.expected.or(running.expected);
                running.phase.clone_from(&update.phase);
            }
        }
    }

    /// Something is done. Returns the line about it.
    pub fn finish(
        &mut self,
        change: &ResourceChange,
        action: Action,
        value: Option<&Value>,
        now: Instant,
    ) -> String {
        let elapsed = self.end(&change.address, action, now);
        let id = value.and_then(id_part);
        format!(
            "{}: {} after {}{}",
            change.address,
            complete(action),
            elapsed_text(elapsed),
            brackets(id.as_deref())
        )
    }

    /// Something has ended, in whatever way. Returns how long it took.
    pub fn end(&mut self, address: &ResourceInstanceAddress, action: Action, now: Instant) -> Duration {
        self.done += 1;
        let running = self.running.remove(&(address.clone(), action));
        running.map_or(Duration::ZERO, |running| now.saturating_duration_since(running.started))
    }

    /// Returns the lines about what has been under way for one more period, in the order of their addresses.
    pub fn overdue(&mut self, now: Instant) -> Vec<String> {
        let mut lines = Vec::new();
        #[expect(clippy::iter_over_hash_type, reason = "the lines are sorted below")]
        for ((_, action), running) in &mut self.running {
            let elapsed = now.saturating_duration_since(running.started);
            if elapsed < PROGRESS_PERIOD * (running.reported + 1) {
                continue;
            }
            running.reported = periods(elapsed);
            let id = running.id.as_ref().map_or_else(String::new, |id| format!("{id}, "));
            let (subject, phase) = (&running.subject, in_words(": ", running));
            let elapsed = elapsed_text(elapsed);
            lines.push(format!("{subject}: {} [{id}{elapsed} elapsed]{phase}", progressing(*action)));
        }
        lines.sort();
        lines
    }

    /// Returns what a terminal shows below everything else; nothing where nothing is under way.
    pub fn live(&self, now: Instant, paint: Paint) -> Vec<String> {
        if self.running.is_empty() {
            return Vec::new();
        }
        let mut running: Vec<_> = self.running.iter().collect();
        // What has been under way for longest is what people wait for.
        running.sort_by(|(a, left), (b, right)| left.started.cmp(&right.started).then_with(|| a.cmp(b)));
        let of = self.total.map_or_else(String::new, |total| format!(" of {total}"));
        let elapsed = elapsed_text(now.saturating_duration_since(self.begun));
        let summary = format!("{}{of} done, {} under way, {elapsed} elapsed", self.done, running.len());
        let mut lines = vec![paint.style(Style::Bold, &fitted(&summary, paint.columns))];
        for ((_, action), running) in running.iter().take(SHOWN_MAX) {
            let elapsed = elapsed_text(now.saturating_duration_since(running.started));
            let verb = progressing(*action).trim_start_matches("Still ").trim_end_matches("...");
            let line = format!("  {}: {verb}, {elapsed}{}", running.subject, in_words(", ", running));
            lines.push(paint.style(Style::Dim, &fitted(&line, paint.columns)));
        }
        if let more @ 1.. = running.len().saturating_sub(SHOWN_MAX) {
            lines.push(paint.style(Style::Dim, &format!("  and {more} more")));
        }
        lines
    }
}

/// Names an object, or the deposed object of an instance.
pub fn subject(address: &ResourceInstanceAddress, deposed: Option<&DeposedKey>) -> String {
    match deposed {
        Some(key) => format!("{address} (deposed object {key})"),
        None => address.to_string(),
    }
}

/// Returns the id of an object in brackets behind a blank, where it has one.
pub fn id_text(value: &Value) -> String {
    brackets(id_part(value).as_deref())
}

fn id_part(value: &Value) -> Option<String> {
    id_of(value).map(|(key, id)| format!("{key}={id}"))
}

fn brackets(id: Option<&str>) -> String {
    id.map_or_else(String::new, |id| format!(" [{id}]"))
}

fn periods(elapsed: Duration) -> u32 {
    u32::try_from(elapsed.as_secs() / PROGRESS_PERIOD.as_secs()).unwrap_or(u32::MAX)
}

/// Says what the provider has told.
fn in_words(separator: &str, running: &Running) -> String {
    let mut text = String::new();
    if !running.phase.is_empty() {
        text.push_str(separator);
        text.push_str(&running.phase);
    }
    if let Some(expected) = running.expected.filter(|expected| *expected >= PROGRESS_PERIOD) {
        text.push_str(if text.is_empty() { separator } else { ", " });
        text.push_str(&format!("usually {}", elapsed_text(expected)));
    }
    text
}

/// Cuts a line off where the terminal would break it.
fn fitted(line: &str, columns: usize) -> String {
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
    let columns = columns.saturating_sub(1);
    if line.width() <= columns {
        return line.to_owned();
    }
    let mut width = 1;
    let kept = line.chars().take_while(|character| {
        width += character.width().unwrap_or(0);
        width <= columns
    });
    kept.collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use terrane_model::{ProviderConfigAddress, ProviderSource, Type};
    use terrane_plan::Change;

    use super::*;

    const PAINT: Paint = Paint { color: false, columns: 60 };

    fn change(address: &str, action: Action) -> ResourceChange {
        let address = ResourceInstanceAddress::parse(address).unwrap();
        let object = Value::object([("id", Value::from("i-1"))]);
        ResourceChange {
            previous_address: address.clone(),
            address,
            deposed: None,
            provider_config: ProviderConfigAddress {
                module: terrane_model::ModulePath::root(),
                provider: ProviderSource::parse("hashicorp/test").unwrap(),
                alias: None,
                key: None,
            },
            change: Change { action, before: object, after: Value::Null(Type::Dynamic) },
            reason: None,
            required_replace: Vec::new(),
            private: Vec::new(),
            schema_version: 0,
            create_before_destroy: false,
            importing: None,
            generated_config: None,
            identity: None,
        }
    }

    #[test]
    fn beginnings_and_ends_are_told() {
        let start = Instant::now();
        let later = start + Duration::from_secs(71);
        let mut progress = Progress::new(start);
        let create = change("test_thing.a", Action::Create);
        assert_eq!(progress.start(&create, Action::Create, None, None, start), "test_thing.a: Creating...");
        let object = Value::object([("id", Value::from("i-2"))]);
        assert_eq!(
            progress.finish(&create, Action::Create, Some(&object), later),
            "test_thing.a: Creation complete after 1m11s [id=i-2]"
        );
        let key = DeposedKey::from("00000001");
        assert_eq!(
            progress.start(&create, Action::Delete, Some(&key), None, start),
            "test_thing.a (deposed object 00000001): Destroying... [id=i-1]"
        );
        assert_eq!(
            progress.finish(&create, Action::Delete, None, start),
            "test_thing.a: Destruction complete after 0s"
        );
        assert_eq!(progress.live(later, PAINT), Vec::<String>::new());
    }

    #[test]
    fn what_takes_long_is_told_every_ten_seconds() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut progress = Progress::new(start);
        let delete = change("test_thing.a", Action::Delete);
        progress.start(&delete, Action::Delete, None, None, start);
        assert_eq!(progress.overdue(after(9)), Vec::<String>::new());
        assert_eq!(progress.overdue(after(10)), ["test_thing.a: Still destroying... [id=i-1, 10s elapsed]"]);
        assert_eq!(progress.overdue(after(19)), Vec::<String>::new());
        let update = ProgressUpdate {
            phase: "waiting for the cluster (Deleting)".to_owned(),
            expected: Some(Duration::from_secs(240)),
        };
        progress.update(&delete.address, update);
        assert_eq!(
            progress.overdue(after(45)),
            [
                "test_thing.a: Still destroying... [id=i-1, 45s elapsed]: waiting for the cluster (Deleting), usually 4m0s"
            ]
        );
        assert_eq!(progress.overdue(after(49)), Vec::<String>::new());
    }

    #[test]
    fn the_longest_are_shown_live() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut progress = Progress::new(start);
        for number in 0..8 {
            let create = change(&format!("test_thing.a[{number}]"), Action::Create);
            progress.start(&create, Action::Create, None, None, after(number));
        }
        let phase = "waiting for something that has a rather long name".to_owned();
        let first = change("test_thing.a[0]", Action::Create);
        progress.update(&first.address, ProgressUpdate { phase, expected: None });
        progress.end(&change("test_thing.a[1]", Action::Create).address, Action::Create, after(8));
        insta::assert_snapshot!(progress.live(after(10), PAINT).join("\n"), @r"
        1 done, 7 under way, 10s elapsed
          test_thing.a[0]: creating, 10s, waiting for something th…
          test_thing.a[2]: creating, 8s
          test_thing.a[3]: creating, 7s
          test_thing.a[4]: creating, 6s
          test_thing.a[5]: creating, 5s
          and 2 more
        ");
    }
}
