//! Input of the right form: expressions, templates, files, JSON and YAML, made up of whatever may stand there.

use crate::random::Random;
use crate::targets::NAMES;

/// How deep generated input nests.
const DEPTH_MAX: usize = 6;

/// Makes an expression.
pub(crate) fn expression(random: &mut Random) -> Vec<u8> {
    let mut out = String::new();
    write_expression(&mut out, DEPTH_MAX, random);
    out.into_bytes()
}

/// Makes a template.
pub(crate) fn template(random: &mut Random) -> Vec<u8> {
    let mut out = String::new();
    write_template(&mut out, DEPTH_MAX, random);
    out.into_bytes()
}

/// Makes a file of blocks that name nothing known.
pub(crate) fn file(random: &mut Random) -> Vec<u8> {
    let mut out = String::new();
    for _ in 0..=random.below(4) {
        write_block(&mut out, 3, random);
    }
    out.into_bytes()
}

/// Makes a JSON text.
pub(crate) fn json(random: &mut Random) -> Vec<u8> {
    let mut out = String::new();
    write_json(&mut out, DEPTH_MAX, random);
    out.into_bytes()
}

/// Makes a YAML text.
pub(crate) fn yaml(random: &mut Random) -> Vec<u8> {
    let mut out = String::new();
    if random.one_in(5) {
        out.push_str("---\n");
    }
    write_yaml(&mut out, 0, random);
    out.into_bytes()
}

fn write_block(out: &mut String, depth: usize, random: &mut Random) {
    out.push_str(random.pick_text(&["resource", "block", "dynamic", "module", "é", "a-b"]));
    for _ in 0..random.below(3) {
        out.push_str(random.pick_text(&[" \"label\"", " name", " \"x y\"", " \"${x}\""]));
    }
    out.push_str(" {");
    if random.one_in(5) {
        out.push_str(" a = ");
        write_expression(out, 2, random);
        out.push_str(" }\n");
        return;
    }
    out.push('\n');
    for _ in 0..random.below(4) {
        if depth > 0 && random.one_in(4) {
            write_block(out, depth - 1, random);
        } else {
            out.push_str(random.pick_text(&["  a", "b", "\tlong_name", "  é"]));
            out.push_str(random.pick_text(&[" = ", "=", "      = "]));
            write_expression(out, 3, random);
            out.push_str(random.pick_text(&["\n", " # comment\n", "\r\n", "\n\n"]));
        }
    }
    out.push_str("}\n");
}

fn write_expression(out: &mut String, depth: usize, random: &mut Random) {
    if depth == 0 || random.one_in(4) {
        return write_atom(out, random);
    }
    let depth = depth - 1;
    match random.below(16) {
        0 | 1 => {
            let operators = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||"];
            write_expression(out, depth, random);
            out.push(' ');
            out.push_str(random.pick_text(&operators));
            out.push(' ');
            write_expression(out, depth, random);
        }
        2 => {
            out.push_str(random.pick_text(&["!", "-", "- -", "!!"]));
            write_expression(out, depth, random);
        }
        3 => {
            write_expression(out, depth, random);
            out.push_str(" ? ");
            write_expression(out, depth, random);
            out.push_str(" : ");
            write_expression(out, depth, random);
        }
        4 => {
            out.push('(');
            write_expression(out, depth, random);
            out.push(')');
        }
        5 => write_list(out, ("[", "]"), depth, random),
        6 => write_object(out, depth, random),
        7 => write_for(out, depth, random),
        8 => {
            write_expression(out, depth, random);
            out.push_str(random.pick_text(&[
                "[*]",
                ".*",
                "[0]",
                "[\"k\"]",
                ".name",
                ".0",
                "[*].name",
                ".*.name[0]",
            ]));
        }
        9 => {
            out.push('"');
            write_template(out, depth, random);
            out.push('"');
        }
        10 => {
            write_expression(out, depth, random);
            out.push('[');
            write_expression(out, depth, random);
            out.push(']');
        }
        _ => write_call(out, depth, random),
    }
}

fn write_atom(out: &mut String, random: &mut Random) {
    let literals = [
        "null",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "3.14",
        "1e10",
        "1e400",
        "123456789012345678901234567890",
        "\"\"",
        "\"text\"",
        "\"é\\n\"",
        "\"1\"",
        "\"2025-01-02T03:04:05Z\"",
        "\"10.0.0.0/8\"",
        "\"fd00::/8\"",
        "\"a.txt\"",
        "\"YYYY-MM-DD\"",
        "\"%s %d\"",
        "\"(a|b)+\"",
        "\"{\\\"a\\\": 1}\"",
        "\"a: [1]\"",
        "\"aGVsbG8=\"",
        "[]",
        "{}",
        "<<EOT\n${a}\nEOT\n",
    ];
    if random.one_in(2) {
        out.push_str(random.pick_text(NAMES));
    } else {
        out.push_str(random.pick_text(&literals));
    }
}

fn write_list(out: &mut String, brackets: (&str, &str), depth: usize, random: &mut Random) {
    out.push_str(brackets.0);
    for position in 0..random.below(4) {
        if position > 0 {
            out.push_str(", ");
        }
        write_expression(out, depth, random);
    }
    out.push_str(brackets.1);
}

fn write_object(out: &mut String, depth: usize, random: &mut Random) {
    out.push('{');
    for position in 0..random.below(4) {
        if position > 0 {
            out.push_str(random.pick_text(&[", ", "\n"]));
        }
        match random.below(4) {
            0 => {
                out.push('(');
                write_expression(out, depth, random);
                out.push(')');
            }
            1 => out.push_str("\"k${n}\""),
            _ => out.push_str(random.pick_text(&["a", "key", "\"k\"", "1"])),
        }
        out.push_str(random.pick_text(&[" = ", ": "]));
        write_expression(out, depth, random);
    }
    out.push('}');
}

fn write_for(out: &mut String, depth: usize, random: &mut Random) {
    let is_object = random.one_in(2);
    out.push_str(if is_object { "{for " } else { "[for " });
    out.push_str(random.pick_text(&["a", "a, b", "k, v", "x"]));
    out.push_str(" in ");
    write_expression(out, depth, random);
    out.push_str(" : ");
    write_expression(out, depth, random);
    if is_object {
        out.push_str(" => ");
        write_expression(out, depth, random);
        if random.one_in(3) {
            out.push_str("...");
        }
    }
    if random.one_in(3) {
        out.push_str(" if ");
        write_expression(out, depth, random);
    }
    out.push(if is_object { '}' } else { ']' });
}

fn write_call(out: &mut String, depth: usize, random: &mut Random) {
    let functions: Vec<_> = terrane_language::functions::all().collect();
    let function = random.pick(&functions);
    out.push_str(function.name);
    out.push('(');
    // Mostly as many arguments as the function wants.
    let mut count = function.parameters.len() + function.variadic.map_or(0, |_| random.below(3));
    if random.one_in(20) {
        count = random.below(5);
    }
    for position in 0..count {
        if position > 0 {
            out.push_str(", ");
        }
        write_expression(out, depth, random);
    }
    if count > 0 && random.one_in(20) {
        out.push_str("...");
    }
    out.push(')');
}

fn write_template(out: &mut String, depth: usize, random: &mut Random) {
    for _ in 0..random.below(4) {
        match random.below(if depth == 0 { 3 } else { 6 }) {
            0 => out.push_str("text "),
            1 => out.push_str(random.pick_text(&["$${", "%%{", "$", "%", "é", "\\n", "\\\"", " "])),
            2 => {
                out.push_str("${");
                out.push_str(random.pick_text(NAMES));
                out.push('}');
            }
            3 => {
                out.push_str(random.pick_text(&["${", "${~ "]));
                write_expression(out, depth - 1, random);
                out.push_str(random.pick_text(&["}", " ~}"]));
            }
            4 => {
                out.push_str("%{ if ");
                write_expression(out, depth - 1, random);
                out.push_str(random.pick_text(&[" }", " ~}"]));
                write_template(out, depth - 1, random);
                if random.one_in(2) {
                    out.push_str("%{ else }");
                    write_template(out, depth - 1, random);
                }
                out.push_str("%{ endif }");
            }
            _ => {
                out.push_str("%{ for x in ");
                write_expression(out, depth - 1, random);
                out.push_str(" }");
                write_template(out, depth - 1, random);
                out.push_str("%{ endfor ~}");
            }
        }
    }
}

fn write_json(out: &mut String, depth: usize, random: &mut Random) {
    let atoms = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-1.5e3",
        "1E400",
        "123456789012345678901234567890",
        "\"\"",
        "\"text\"",
        "\"${a}\"",
        "\"${jsonencode(o)}\"",
        "\"%{ if b }x%{ endif }\"",
        "\"\\u00e9\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "\"//\"",
    ];
    match random.below(if depth == 0 { 1 } else { 4 }) {
        0 | 1 => out.push_str(random.pick_text(&atoms)),
        2 => {
            out.push('[');
            for position in 0..random.below(4) {
                if position > 0 {
                    out.push(',');
                }
                write_json(out, depth - 1, random);
            }
            out.push(']');
        }
        _ => {
            out.push('{');
            for position in 0..random.below(4) {
                if position > 0 {
                    out.push_str(", ");
                }
                let keys =
                    ["\"a\"", "\"//\"", "\"resource\"", "\"x\"", "\"${a}\"", "\"for_each\"", "\"dynamic\""];
                out.push_str(random.pick_text(&keys));
                out.push(':');
                write_json(out, depth - 1, random);
            }
            out.push('}');
        }
    }
}

fn write_yaml(out: &mut String, indent: usize, random: &mut Random) {
    let atoms = [
        "null",
        "~",
        "true",
        "yes",
        "0x1F",
        "0o17",
        "1_000",
        "1.5e3",
        ".inf",
        ".NaN",
        "2001-12-14",
        "2001-12-14t21:59:43.10-05:00",
        "'it''s'",
        "\"a\\tb\\u00e9\"",
        "text",
        "a: b",
        "[1, {a: b}, ]",
        "{a: 1, ? b}",
        "!!str 1",
        "!!binary aGk=",
        "!x y",
        "*a",
        "&a 1",
        "|\n  block\n",
        ">-\n  folded\n\n  more\n",
        "# comment",
    ];
    let pad = " ".repeat(indent);
    match random.below(if indent > 6 { 1 } else { 4 }) {
        0 => {
            out.push_str(random.pick_text(&atoms));
            out.push('\n');
        }
        1 => {
            out.push('\n');
            for _ in 0..=random.below(3) {
                out.push_str(&pad);
                out.push_str("- ");
                write_yaml(out, indent + 2, random);
            }
        }
        _ => {
            out.push('\n');
            for _ in 0..=random.below(3) {
                out.push_str(&pad);
                out.push_str(random.pick_text(&[
                    "a",
                    "key",
                    "? complex\n: value\n",
                    "<<",
                    "\"q\"",
                    "&x b",
                    "1",
                    "true",
                ]));
                out.push_str(random.pick_text(&[": ", ": &a ", ":", ": !!map "]));
                write_yaml(out, indent + 2, random);
            }
        }
    }
}
