//! Markdown: links lead somewhere, `docs/README.md` lists every page, the README's example compiles.

use std::fs;
use std::path::{Path, PathBuf};

/// The line that makes the facade's documentation tests compile the README.
const INCLUDED: &str = r#"include_str!("../../../README.md")"#;

/// Says everything that is wrong at once.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let mut wrong = Vec::new();
    let docs = markdown(&root.join("docs"))?;
    let studies = markdown(&root.join("docs/studies"))?;
    let fuzz = markdown(&root.join("fuzz"))?;
    for page in markdown(root)?.iter().chain(&docs).chain(&studies).chain(&fuzz) {
        let text = read(page)?;
        let directory = page.parent().unwrap_or(root);
        let shown = page.strip_prefix(root).unwrap_or(page).display();
        for (line, link) in links(&text) {
            if !directory.join(link).exists() {
                wrong.push(format!("{shown}:{line}: `{link}` is not there"));
            }
        }
    }

    let index = read(&root.join("docs/README.md"))?;
    let listed: Vec<&str> = links(&index).into_iter().map(|(_, link)| link).collect();
    let pages = docs.iter().chain(&studies);
    for page in pages.filter_map(|page| page.strip_prefix(root.join("docs")).ok()?.to_str()) {
        if page != "README.md" && !listed.contains(&page) {
            wrong.push(format!("docs/README.md does not list {page}"));
        }
    }

    for line in bare_fences(&read(&root.join("README.md"))?) {
        wrong.push(format!(
            "README.md:{line}: a block without a language is compiled as Rust: write ```text or ```sh"
        ));
    }
    if !read(&root.join("crates/attractor/src/lib.rs"))?.contains(INCLUDED) {
        wrong.push(format!(
            "the README's example is not compiled: crates/attractor/src/lib.rs needs\n    \
             #[cfg(doctest)]\n    #[doc = {INCLUDED}]\n    struct Readme;"
        ));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// The Markdown files of a directory, in order.
fn markdown(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", directory.display());
    let mut pages = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// Links to files, with their lines; blocks and spans of code aside.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut code = false;
    for (k, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if !code {
            // every second piece between backticks is code
            for prose in line.split('`').step_by(2) {
                for rest in prose.split("](").skip(1) {
                    let target = rest.split(')').next().unwrap_or(rest);
                    let file = target.split('#').next().unwrap_or(target);
                    if !file.is_empty() && !file.contains(':') {
                        found.push((k + 1, file));
                    }
                }
            }
        }
    }
    found
}

/// Lines that open a block of code without naming its language.
fn bare_fences(text: &str) -> Vec<usize> {
    let fences = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("```"));
    let opening = fences.step_by(2);
    opening.filter(|(_, line)| line.trim() == "```").map(|(k, _)| k + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_code() {
        let text = "see [a](a.md#part), ![b](images/b.png) and [c](https://example.org)\n\
                    `[not](this)` [here](#below) [`d`](d.md)\n```rust\nx[0](not_this)\n```\n[e](e.md)";
        assert_eq!(links(text), [(1, "a.md"), (1, "images/b.png"), (2, "d.md"), (6, "e.md")]);
    }

    #[test]
    fn a_block_without_language_is_found() {
        assert_eq!(bare_fences("```sh\nls\n```\n\n```\nls\n```\n"), [5]);
    }
}
