//! The process that runs cases: one after the other, with a watch on time and memory.

use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::mutate::mutate;
use crate::random::Random;
use crate::say;
use crate::targets::Target;

/// Stack of the thread that runs cases, as much as the command's own.
const STACK_BYTES: usize = 512 * 1024 * 1024;
/// Memory of the process, stack included.
const MEMORY_BYTES_MAX: u64 = 3 * 1024 * 1024 * 1024;
/// Processor time that one case may take.
const CASE_TIME_MAX: Duration = Duration::from_secs(10);
/// Inputs with new outcomes that are kept.
const KEPT_MAX: usize = 5000;

/// Exit status after a case that failed.
pub(crate) const EXIT_FINDING: u8 = 3;

/// Where the case that is running is written, for whoever finds the process dead.
pub(crate) fn case_path(target: &Target) -> PathBuf {
    // A file system in memory: on others, so many rewritten files take longer than the cases.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }.join("terrane-fuzz");
    // The first write reports a folder that could not be made.
    let _ = fs::create_dir_all(&folder);
    folder.join(format!("{}-{}.case", target.name, parent_id()))
}

/// The supervisor's process, or this one's when there is none.
fn parent_id() -> String {
    std::env::var("TERRANE_FUZZ_SUPERVISOR").unwrap_or_else(|_| std::process::id().to_string())
}

/// Runs cases of the first target until time is up.
pub(crate) fn work(arguments: &Arguments) -> ExitCode {
    let target = arguments.targets[0];
    limit_memory();
    let watch = Watch::start(target);
    let (seconds, seed) = (arguments.seconds, arguments.seed);
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        let end = Instant::now() + Duration::from_secs(seconds);
        fuzz(target, seed, &watch, || Instant::now() < end)
    });
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(summary)) => {
            let Summary { cases, outcomes, slowest, .. } = summary;
            if let Some(finding) = summary.finding {
                say(&format!("{}: case {cases}: {finding}", target.name));
                return ExitCode::from(EXIT_FINDING);
            }
            let name = target.name;
            let path = case_path(target).with_file_name(format!("{name}-slowest.case"));
            let _ = fs::write(&path, slowest.1);
            say(&format!(
                "{name}: {cases} cases, {outcomes} different outcomes, nothing found; the slowest took {:?}: {}",
                slowest.0,
                path.display()
            ));
            ExitCode::SUCCESS
        }
        _ => ExitCode::from(EXIT_FINDING),
    }
}

/// Runs the case in a file.
pub(crate) fn run_case(arguments: &Arguments, path: &Path) -> ExitCode {
    let target = arguments.targets[0];
    let Ok(input) = fs::read(path) else {
        say(&format!("{} cannot be read", path.display()));
        return ExitCode::from(2);
    };
    limit_memory();
    let start = Instant::now();
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || (target.run)(&input));
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(outcome))) => {
            say(&format!("passes after {:?}: {outcome}", start.elapsed()));
            ExitCode::SUCCESS
        }
        Ok(Ok(Err(finding))) => {
            say(&finding);
            ExitCode::from(EXIT_FINDING)
        }
        _ => ExitCode::from(EXIT_FINDING),
    }
}

/// What a run came to.
pub(crate) struct Summary {
    /// How many cases ran.
    pub(crate) cases: u64,
    /// How many outcomes there were that differ.
    pub(crate) outcomes: usize,
    /// What the last case failed with.
    pub(crate) finding: Option<String>,
    /// The case that took longest, and how long.
    pub(crate) slowest: (Duration, Vec<u8>),
}

/// Runs the seeds, then generated and altered inputs, while `goes_on`.
pub(crate) fn fuzz(target: &Target, seed: u64, watch: &Watch, goes_on: impl Fn() -> bool) -> Summary {
    let mut random = Random::new(seed);
    let mut kept = (target.seeds)();
    let mut outcomes = HashSet::new();
    let mut cases = 0;
    let mut slowest = (Duration::ZERO, Vec::new());
    let mut run = |input: Vec<u8>, kept: &mut Vec<Vec<u8>>| {
        cases += 1;
        watch.begin(&input);
        let start = processor_time();
        let result = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        watch.end();
        let taken = processor_time().saturating_sub(start);
        if taken > slowest.0 {
            slowest = (taken, input.clone());
        }
        match result {
            Ok(Ok(outcome)) => {
                if outcomes.insert(outcome) && kept.len() < KEPT_MAX {
                    kept.push(input);
                }
                None
            }
            Ok(Err(finding)) => Some(finding),
            Err(_) => Some("it panicked".to_owned()),
        }
    };
    let mut finding = None;
    for seed in kept.clone() {
        finding = finding.or_else(|| run(seed, &mut kept));
    }
    while finding.is_none() && goes_on() {
        let input = match target.generate {
            Some(generate) if kept.is_empty() || random.one_in(3) => {
                let input = generate(&mut random);
                if random.one_in(3) { mutate(&input, &kept, &mut random) } else { input }
            }
            _ => {
                let position = random.below(kept.len());
                mutate(&kept[position], &kept, &mut random)
            }
        };
        finding = run(input, &mut kept);
    }
    Summary { cases, outcomes: outcomes.len(), finding, slowest }
}

/// Ends the process when a case takes too long.
pub(crate) struct Watch {
    path: Option<PathBuf>,
    /// Milliseconds of processor time after which the case began, plus one; 0 between cases.
    began: Arc<AtomicU64>,
}

impl Watch {
    /// Starts watching, and writes each case down before it runs.
    pub(crate) fn start(target: &Target) -> Self {
        let watch = Self { path: Some(case_path(target)), ..Self::none() };
        let (began, name) = (Arc::clone(&watch.began), target.name);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(250));
                let began = began.load(Ordering::Relaxed);
                let now = processor_time().as_millis() as u64;
                if began > 0 && now.saturating_sub(began) > CASE_TIME_MAX.as_millis() as u64 {
                    say(&format!("{name}: a case takes more than {CASE_TIME_MAX:?}"));
                    std::process::exit(i32::from(EXIT_FINDING));
                }
            }
        });
        watch
    }

    /// Watches nothing.
    pub(crate) fn none() -> Self {
        Self { path: None, began: Arc::new(AtomicU64::new(0)) }
    }

    fn begin(&self, input: &[u8]) {
        if let Some(path) = &self.path {
            if let Err(error) = fs::write(path, input) {
                say(&format!("{} cannot be written: {error}", path.display()));
            }
            self.began.store(processor_time().as_millis() as u64 + 1, Ordering::Relaxed);
        }
    }

    fn end(&self) {
        self.began.store(0, Ordering::Relaxed);
    }
}

/// Returns the processor time of this process so far: unlike the clock, it does not go on while others run.
fn processor_time() -> Duration {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let microseconds = getrusage(UsageWho::RUSAGE_SELF)
        .map_or(0, |usage| (usage.user_time() + usage.system_time()).num_microseconds());
    Duration::from_micros(microseconds.unsigned_abs())
}

fn limit_memory() {
    use nix::sys::resource::{Resource, setrlimit};
    if let Err(error) = setrlimit(Resource::RLIMIT_AS, MEMORY_BYTES_MAX, MEMORY_BYTES_MAX) {
        say(&format!("memory cannot be bounded: {error}"));
    }
}
