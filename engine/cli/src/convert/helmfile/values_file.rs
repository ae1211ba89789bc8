//! Files of values with templates (`.gotmpl`), as texts with templates of the language.

use super::expression::{Scope, Used, translate};
use super::templates::{Part, interpolated, parts};

/// What is open until its `end`.
struct Open {
    /// What closes it in the language.
    closing: String,
    /// What names meant before.
    before: Scope,
    is_condition: bool,
}

/// Writes a file of values as a heredoc.
///
/// # Errors
/// What of it has no counterpart.
pub(super) fn heredoc(text: &str, scope: &Scope, used: &mut Used) -> Result<String, String> {
    let mut converter = Converter {
        scope: Scope { is_text: true, ..scope.clone() },
        used,
        open: Vec::new(),
        text: String::new(),
    };
    for part in parts(text)? {
        match part {
            Part::Text(text) => converter.text.push_str(&literal(text)),
            Part::Action(action) => converter.action(action)?,
        }
    }
    if !converter.open.is_empty() {
        return Err("something is opened and not ended".to_owned());
    }
    let text = converter.text;
    let mut end = "EOT".to_owned();
    while text.lines().any(|line| line.trim() == end) {
        end.push('_');
    }
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    Ok(format!("<<{end}\n{text}{newline}{end}\n"))
}

fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

struct Converter<'c> {
    scope: Scope,
    used: &'c mut Used,
    open: Vec<Open>,
    text: String,
}

impl Converter<'_> {
    fn action(&mut self, action: &str) -> Result<(), String> {
        let (word, rest) = action.split_once(char::is_whitespace).unwrap_or((action, ""));
        match word {
            "if" => {
                let condition = translate(rest, &self.scope, self.used)?.condition();
                self.begin(&format!("%{{ if {condition} }}"), "%{ endif }", true);
            }
            "with" => {
                let value = translate(rest, &self.scope, self.used)?;
                self.begin(&format!("%{{ if {} }}", value.condition()), "%{ endif }", true);
                self.scope.dot = Some(value.text);
            }
            "else" => self.other(rest.trim())?,
            "range" => self.range(rest)?,
            "end" => {
                let open = self.open.pop().ok_or("something is ended that is not open")?;
                self.text.push_str(&open.closing);
                self.scope = open.before;
            }
            "define" | "template" | "block" | "break" | "continue" => return Err(format!("\"{word}\"")),
            _ => match action.split_once(":=").or_else(|| action.split_once(" = ")) {
                Some((name, value)) if name.trim().starts_with('$') => {
                    let value = translate(value, &self.scope, self.used)?.text;
                    self.scope.variables.insert(name.trim().to_owned(), value);
                }
                _ => {
                    let value = translate(action, &self.scope, self.used)?.text;
                    self.text.push_str(&interpolated(&value));
                }
            },
        }
        Ok(())
    }

    fn begin(&mut self, opening: &str, closing: &str, is_condition: bool) {
        self.text.push_str(opening);
        let open = Open { closing: closing.to_owned(), before: self.scope.clone(), is_condition };
        self.open.push(open);
    }

    /// `else`, `else if`: the second is a condition inside the other branch.
    fn other(&mut self, rest: &str) -> Result<(), String> {
        let open = self.open.last_mut().filter(|open| open.is_condition);
        let open = open.ok_or("\"else\" belongs to something that is no condition")?;
        self.scope = open.before.clone();
        self.text.push_str("%{ else }");
        if let Some(condition) = rest.strip_prefix("if ") {
            let condition = translate(condition, &self.scope, self.used)?.condition();
            self.text.push_str(&format!("%{{ if {condition} }}"));
            if let Some(open) = self.open.last_mut() {
                open.closing.push_str("%{ endif }");
            }
        }
        Ok(())
    }

    fn range(&mut self, rest: &str) -> Result<(), String> {
        let (names, collection) = match rest.split_once(":=") {
            Some((names, collection)) => (names.split(',').map(str::trim).collect(), collection),
            None => (Vec::new(), rest),
        };
        let collection = translate(collection, &self.scope, self.used)?.text;
        let depth = self.open.len();
        let ours: Vec<String> = names.iter().map(|name| name.trim_start_matches('$').to_owned()).collect();
        let element = ours.last().cloned().unwrap_or_else(|| format!("item_{depth}"));
        let heads = if ours.is_empty() { element.clone() } else { ours.join(", ") };
        self.begin(&format!("%{{ for {heads} in {collection} }}"), "%{ endfor }", false);
        for (theirs, ours) in names.iter().zip(&ours) {
            self.scope.variables.insert((*theirs).to_owned(), ours.clone());
        }
        self.scope.dot = Some(element);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_and_loops_are_directives() {
        let text = "\
{{- /* what is said about it */ -}}
{{ $tag := .Values.tag | default \"latest\" -}}
image: {{ .Values.image }}:{{ $tag }}
shell: \"${HOME}\"
{{- if and .Values.ingress (eq .Environment.Name \"production\") }}
hosts:
{{- range .Values.hosts }}
- {{ .name | quote }}
{{- end }}
{{- else if .Values.local }}
local: true
{{- else }}
local: false
{{- end }}
{{- with .Values.resources }}
resources: {{ toYaml . | nindent 2 }}
{{- end }}
{{- range $key, $value := .Values.labels }}
{{ $key }}: {{ $value }}
{{- end }}
token: {{ requiredEnv \"TOKEN\" }}
";
        let mut used = Used::default();
        let converted = heredoc(text, &Scope::default(), &mut used).unwrap();
        insta::assert_snapshot!(converted);
        assert_eq!(used.environment["token"], ("TOKEN".to_owned(), true));
        for wrong in
            ["{{ if .Values.a }}", "{{ end }}", "{{ exec \"a\" (list) }}", "{{ $x }}", "{{ .Values.a"]
        {
            assert!(heredoc(wrong, &Scope::default(), &mut used).is_err(), "{wrong}");
        }
    }
}
