//! Results of tests as JUnit XML, for CI systems.

use std::fmt::Write;

use terrane_language::config::test_file::Run;
use terrane_model::{Diagnostics, SourceMap};

use super::runner::{RunResult, Status};
use super::suite::SuiteFile;
use crate::terminal::Terminal;
use crate::view::human::diagnostic::render;

/// Writes the results of files as an XML document.
pub fn document(results: &[(&SuiteFile, Vec<RunResult>)]) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><testsuites>\n".to_owned();
    for (file, runs) in results {
        write_suite(&mut out, file, runs);
    }
    out.push_str("</testsuites>");
    out
}

fn write_suite(out: &mut String, file: &SuiteFile, runs: &[RunResult]) {
    let count = |status| runs.iter().filter(|run| run.status == status).count();
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" skipped=\"{}\" failures=\"{}\" errors=\"{}\">",
        escaped(&file.path),
        runs.len(),
        count(Status::Skip),
        count(Status::Fail),
        count(Status::Error)
    );
    let mut stopped_by = None;
    for (run, result) in file.test.runs.iter().zip(runs) {
        let _ = write!(
            out,
            "    <testcase name=\"{}\" classname=\"{}\"",
            escaped(&run.name),
            escaped(&file.path)
        );
        if result.status != Status::Skip {
            let (seconds, at) = (result.elapsed.as_secs_f64(), result.started.strftime("%Y-%m-%dT%H:%M:%SZ"));
            let _ = write!(out, " time=\"{seconds}\" timestamp=\"{at}\"");
        }
        let errors = messages(&result.diagnostics, &result.sources, true);
        let warnings = messages(&result.diagnostics, &result.sources, false);
        let mut inner = String::new();
        match result.status {
            Status::Pass => {}
            Status::Fail => write_element(&mut inner, "failure", Some(&failure(run, result)), &errors),
            Status::Error => {
                stopped_by = Some(run.name.clone());
                write_element(&mut inner, "error", Some("Encountered an error"), &errors);
            }
            Status::Skip => {
                let (message, why) = match &stopped_by {
                    Some(name) => (
                        "Testcase skipped due to a previous testcase error",
                        format!(
                            "Previous testcase {:?} ended in error, which caused the remaining tests in the file to be skipped",
                            name.as_str()
                        ),
                    ),
                    None => ("Testcase skipped due to an interrupt", "The tests were interrupted".to_owned()),
                };
                write_element(&mut inner, "skipped", Some(message), &why);
            }
        }
        if !warnings.is_empty() {
            write_element(&mut inner, "system-err", None, &warnings);
        }
        if inner.is_empty() {
            out.push_str("></testcase>\n");
        } else {
            let _ = writeln!(out, ">\n{inner}    </testcase>");
        }
    }
    out.push_str("  </testsuite>\n");
}

/// Says which of a run's assertions do not hold.
fn failure(run: &Run, result: &RunResult) -> String {
    let mut failed = result.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    let first = failed.next().map_or("", |diagnostic| diagnostic.detail.as_str());
    let count = failed.count() + 1;
    let all = run.assertions.len();
    let including = if count == 1 { ":" } else { ", including:" };
    format!("{count} of {all} assertions failed{including} {first}")
}

fn write_element(out: &mut String, name: &str, message: Option<&str>, content: &str) {
    let message = message.map_or_else(String::new, |message| format!(" message=\"{}\"", escaped(message)));
    // The end mark of such a section must not occur inside of it.
    let content = content.replace("]]>", "]]]]><![CDATA[>");
    let _ = writeln!(out, "      <{name}{message}><![CDATA[{content}]]></{name}>");
}

fn messages(diagnostics: &Diagnostics, sources: &SourceMap, errors: bool) -> String {
    let plain = Terminal::plain();
    let wanted = diagnostics.iter().filter(|diagnostic| diagnostic.is_error() == errors);
    wanted.map(|diagnostic| render(diagnostic, sources, &plain) + "\n").collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(escaped("a<b>&\"c\"\u{1}"), "a&lt;b&gt;&amp;&#34;c&#34;\u{fffd}");
        let mut out = String::new();
        write_element(&mut out, "error", Some("m"), "x]]>y");
        assert_eq!(out, "      <error message=\"m\"><![CDATA[x]]]]><![CDATA[>y]]></error>\n");
    }
}
