//! `completion`: scripts by which shells complete commands and flags.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use terrane_model::{Diagnostic, Diagnostics};

use super::state_edit::ended;
use super::{COMMANDS, Command};
use crate::args::{FlagKind, ParsedFlags};
use crate::context::Context;

pub(super) const COMMAND: Command = Command {
    name: "completion",
    summary: "Print a script that completes commands and flags in a shell",
    usage: "completion bash|zsh|fish",
    flags: &[],
    run: |context, flags| ended(context, print(context, flags)),
};

fn print(context: &Context, flags: &ParsedFlags) -> Result<(), Diagnostics> {
    let script = match flags.arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bash"] => bash(),
        // zsh runs functions of bash.
        ["zsh"] => format!("#compdef terrane\nautoload -U +X bashcompinit && bashcompinit\n{}", bash()),
        ["fish"] => fish(),
        _ => {
            let detail = "Expected the name of a shell: bash, zsh or fish.";
            return Err(Diagnostic::error("Invalid command arguments", detail).into());
        }
    };
    context.terminal.text(&script);
    Ok(())
}

/// Returns what may follow each sequence of words: further words, and flags.
fn choices() -> BTreeMap<String, Vec<String>> {
    let mut choices: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for command in COMMANDS {
        let mut before = String::new();
        for word in command.name.split(' ') {
            let words = choices.entry(before.clone()).or_default();
            if !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
            before = if before.is_empty() { word.to_owned() } else { format!("{before} {word}") };
        }
        let flags = command.flags.iter().flat_map(|group| group.iter()).filter(|flag| !flag.help.is_empty());
        let flags = flags.map(|flag| match flag.kind {
            FlagKind::Bool => format!("-{}", flag.name),
            FlagKind::Value(_) => format!("-{}=", flag.name),
        });
        choices.entry(before).or_default().extend(flags);
    }
    choices
}

fn bash() -> String {
    let mut script = "_terrane() {\n    local words=\"\" word choices\n    local current=\"${COMP_WORDS[COMP_CWORD]}\"\n    for word in \
                      \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n        [[ $word == -* ]] || words=\"${words:+$words }$word\"\n    \
                      done\n    case \"$words\" in\n"
        .to_owned();
    for (words, choices) in choices() {
        let _ = writeln!(script, "        \"{words}\") choices=\"{}\" ;;", choices.join(" "));
    }
    script.push_str(
        "        *) choices=\"\" ;;\n    esac\n    COMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n    [[ \
         ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n    return 0\n}\ncomplete -o default -F \
         _terrane terrane\n",
    );
    script
}

fn fish() -> String {
    let mut script = "function __terrane_words\n    string match -v -- '-*' (commandline -opc)[2..] | string join ' '\nend\n\
                      complete -c terrane -f\n"
        .to_owned();
    for (words, choices) in choices() {
        let _ = writeln!(
            script,
            "complete -c terrane -n 'test \"$(__terrane_words)\" = \"{words}\"' -a '{}'",
            choices.join(" ")
        );
    }
    script
}

const MARK: &str = "# completion for terrane";

/// Lets the user's shells complete from now on, or no longer: `-install-autocomplete`, `-uninstall-autocomplete`.
///
/// # Errors
/// When a shell's settings cannot be changed.
pub(super) fn set_installed(context: &Context, is_wanted: bool) -> Result<(), Diagnostic> {
    let home = context.variable("HOME").map(PathBuf::from);
    let home = home.ok_or_else(|| Diagnostic::error("No home folder", "The variable HOME is not set."))?;
    let shells = [(".bashrc", "bash"), (".zshrc", "zsh")];
    for (file, shell) in shells {
        let path = home.join(file);
        let line = format!("source <(terrane completion {shell}) {MARK}");
        change(&path, &line, is_wanted).map_err(|error| {
            Diagnostic::error("Shell completion", format!("{}: {error}.", path.display()))
        })?;
    }
    Ok(())
}

/// Settings that are not there are not made: the user does not use such a shell.
fn change(path: &Path, line: &str, is_wanted: bool) -> io::Result<()> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let kept = text.lines().filter(|known| !known.ends_with(MARK));
    let mut lines: Vec<&str> = kept.collect();
    if is_wanted {
        lines.push(line);
    }
    let new = lines.join("\n") + "\n";
    // The file keeps its owner and its mode: it is not replaced.
    if new == text { Ok(()) } else { std::fs::write(path, new) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_flags_are_offered_where_they_belong() {
        let choices = choices();
        assert!(choices[""].contains(&"plan".to_owned()));
        assert!(choices["state"].contains(&"mv".to_owned()));
        assert!(choices["init"].contains(&"-upgrade".to_owned()));
        assert!(choices["init"].contains(&"-backend-config=".to_owned()));
        assert!(bash().contains("\"workspace\") choices=\"delete list new select show\" ;;"));
    }

    #[test]
    fn settings_of_shells_are_changed_and_changed_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".bashrc");
        change(&path, "x", true).unwrap();
        assert!(!path.exists());
        std::fs::write(&path, "alias a=b\n").unwrap();
        let line = format!("source x {MARK}");
        change(&path, &line, true).unwrap();
        change(&path, &line, true).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("alias a=b\n{line}\n"));
        change(&path, &line, false).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "alias a=b\n");
    }
}
