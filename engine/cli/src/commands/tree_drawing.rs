//! Trees drawn with lines, as `modules` and `providers` show them.

/// A line and what hangs on it.
pub(super) struct Branch {
    pub(super) label: String,
    pub(super) branches: Vec<Branch>,
}

/// Draws branches below a point.
pub(super) fn draw(branches: &[Branch]) -> String {
    let mut text = ".\n".to_owned();
    draw_below(branches, "", &mut text);
    text
}

fn draw_below(branches: &[Branch], indent: &str, text: &mut String) {
    for (index, branch) in branches.iter().enumerate() {
        let is_last = index + 1 == branches.len();
        let (sign, more) = if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
        text.push_str(&format!("{indent}{sign}{}\n", branch.label));
        draw_below(&branch.branches, &format!("{indent}{more}"), text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_drawn_as_terraform_does() {
        let leaf = |label: &str| Branch { label: label.to_owned(), branches: Vec::new() };
        let branch = Branch { label: "b".to_owned(), branches: vec![leaf("c")] };
        let last = Branch { label: "d".to_owned(), branches: vec![leaf("e")] };
        insta::assert_snapshot!(draw(&[leaf("a"), branch, last]), @"
        .
        ├── a
        ├── b
        │   └── c
        └── d
            └── e
        ");
    }
}
