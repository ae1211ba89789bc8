//! Passwords from `~/.pgpass`: lines of `host:port:dbname:user:password`.
//!
//! Source: PostgreSQL's manual, "The Password File".

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::connection_string::Parameters;

/// Returns the password of the first line that fits host, port, database and user.
pub(super) fn find(
    parameters: &Parameters,
    environment: &BTreeMap<String, String>,
    wanted: [&str; 4],
) -> Option<String> {
    let named = parameters.get("passfile").map(PathBuf::from);
    let path = named.or_else(|| Some(PathBuf::from(environment.get("HOME")?).join(".pgpass")))?;
    in_text(&std::fs::read_to_string(path).ok()?, wanted)
}

fn in_text(text: &str, wanted: [&str; 4]) -> Option<String> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let [places @ .., password] = fields.as_slice() else { return None };
        let fits = places.len() == wanted.len()
            && places.iter().zip(wanted).all(|(place, wanted)| place == "*" || place == wanted);
        fits.then(|| password.clone())
    })
}

/// Parts a line at its colons, but for those behind a backslash; the password keeps its own.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let field = fields.last_mut().expect("there is one from the start");
        match character {
            '\\' => field.extend(characters.next()),
            ':' => fields.push(String::new()),
            other => field.push(other),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_counts() {
        let text = "# h:1:d:u:no\nh:2:d:u:other\nh:*:d:u:a\\:b\n*:*:*:*:last";
        assert_eq!(in_text(text, ["h", "1", "d", "u"]).as_deref(), Some("a:b"));
        assert_eq!(in_text(text, ["x", "1", "d", "u"]).as_deref(), Some("last"));
        assert_eq!(in_text("h:1:d", ["h", "1", "d", "u"]), None);
    }
}
