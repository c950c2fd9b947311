//! The page in a real browser: each figure draws something, the state space turns by key and by mouse, values
//! appear under the pointer, a phone needs no sideways scrolling, and nothing is asked of anyone.

mod devtools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::cargo;
use devtools::Browser;

/// Programs that speak the protocol, by name.
const PROGRAMS: &[&str] = &["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Most bytes of the page: it is mailed and opened offline.
const PAGE: u64 = 2_000_000;

/// What is asked of the page.
const QUESTIONS: &str = include_str!("page.js");

/// Draws the gallery, opens its page, and looks at it. The directory stays if something is wrong.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let chromium = chromium()?;
    let place = std::env::temp_dir().join(format!("attractor-browser-{}", std::process::id()));
    fs::create_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))?;
    let mut gallery = cargo(root);
    gallery.args(["run", "-p", "attractor-report", "--example", "gallery", "--"]).arg(&place);
    let status = gallery.status().map_err(|e| format!("cargo does not start: {e}"))?;
    if !status.success() {
        return Err(format!("the gallery ended with {status}"));
    }
    let page = place.join("report.html");
    let size = fs::metadata(&page).map_err(|e| format!("{}: {e}", page.display()))?.len();
    if size > PAGE {
        return Err(format!("{} has {size} bytes, more than {PAGE}", page.display()));
    }
    let looked = look(&chromium, &place.join("profile"), &page);
    looked.map_err(|wrong| format!("{wrong}\nsee {}", page.display()))?;
    // Chromium's own children may still write for a moment; what they leave is a temporary folder
    for _ in 0..50 {
        if fs::remove_dir_all(&place).is_ok() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Ok(())
}

/// Opens the page and does with it what a reader does.
fn look(chromium: &Path, profile: &Path, page: &Path) -> Result<(), String> {
    let url = format!("file://{}", page.display());
    let mut browser = Browser::start(chromium, profile)?;
    browser.resize(1280, 900)?;
    browser.open(&url)?;
    browser.run(QUESTIONS)?;
    ok("figures", &browser.tell("drawn()")?)?;
    ok("state space", &browser.tell("live()")?)?;

    // By keyboard: a turn changes the picture, Home brings the first one back.
    browser.tell("scene.focus()")?;
    let first = browser.tell("picture()")?;
    browser.key("ArrowLeft")?;
    differ("an arrow key", &first, &browser.tell("picture()")?)?;
    browser.key("+")?;
    browser.key("Home")?;
    if browser.tell("picture()")? != first {
        return Err("Home does not bring the first view back".to_owned());
    }
    browser.key("n")?;
    differ("N", &first, &browser.tell("picture()")?)?;
    let said = browser.tell("document.querySelector('[role=status]').textContent")?;
    if said.len() < 20 {
        return Err(format!("a trajectory chosen by key is not told: `{said}`"));
    }
    browser.key("Escape")?;

    // By mouse: a drag turns, and the panel beside follows the pointer.
    let (x, y) = place(&browser.tell("middle(scene)")?)?;
    let before = browser.tell("view()")?;
    browser.mouse("mousePressed", (x, y))?;
    for step in 1..=8 {
        browser.mouse("mouseMoved", (x + 9.0 * f64::from(step), y + 4.0 * f64::from(step)))?;
    }
    differ("a drag", &before, &browser.tell("view()")?)?;
    browser.mouse("mouseReleased", (x + 72.0, y + 32.0))?;
    let mut headings = Vec::new();
    for i in -12..=12 {
        browser.mouse("mouseMoved", (x + 14.0 * f64::from(i), y + 4.0 * f64::from(i)))?;
        browser.tell("settle()")?;
        headings.push(browser.tell("heading()")?);
    }
    headings.sort();
    headings.dedup();
    if headings.len() < 2 {
        return Err(format!("the panel does not follow the pointer: {headings:?}"));
    }

    let at = place(&browser.tell("curve()")?)?;
    browser.mouse("mouseMoved", at)?;
    let tip = browser.tell("tip()")?;
    if !tip.contains(": ") {
        return Err(format!("no values under the pointer on a curve: `{tip}`"));
    }
    ok("tables", &browser.tell("sorted()")?)?;
    folds(&mut browser)?;
    browser.resize(390, 844)?;
    browser.tell("settle(3)")?;
    ok("phone", &browser.tell("fits(390)")?)?;
    ok("phone", &browser.tell("live()")?)?;
    fingers(&mut browser)?;
    alone(&mut browser, &url)?;

    // State spaces of nothing and of hardly anything must not trip the script.
    let odd = url.replace("report.html", "odd.html");
    browser.resize(1280, 900)?;
    browser.open(&odd)?;
    browser.run(QUESTIONS)?;
    browser.tell("settle()")?;
    let live = browser.tell("document.querySelectorAll('figure.live').length")?;
    let (_, wrong) = browser.incidents();
    if live == "3" && wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{odd}: {live} of 3 views live; {}", wrong.join("; ")))
}

/// A long table shows twelve rows; its button, by key, shows all and folds it again; paper has all.
fn folds(browser: &mut Browser) -> Result<(), String> {
    let seen = |browser: &mut Browser, rows: &str, open: &str| -> Result<(), String> {
        let (found, said) =
            (browser.tell("seen()")?, browser.tell("more.getAttribute('aria-expanded')")?);
        match found == rows && said == open {
            true => Ok(()),
            false => Err(format!("a long table shows {found} rows, aria-expanded {said}")),
        }
    };
    seen(browser, "12 of 40", "false")?;
    browser.tell("more.focus()")?;
    let ring = browser.tell("document.activeElement === more")?;
    if ring != "true" {
        return Err("the button of a long table cannot be reached by key".to_owned());
    }
    browser.key("Enter")?;
    seen(browser, "40 of 40", "true")?;
    browser.key("Enter")?;
    seen(browser, "12 of 40", "false")?;
    browser.ask("Emulation.setEmulatedMedia", r#"{"media":"print"}"#)?;
    let printed = browser.tell("seen()")?;
    browser.ask("Emulation.setEmulatedMedia", r#"{"media":""}"#)?;
    match printed.as_str() {
        "40 of 40" => Ok(()),
        other => Err(format!("a long table is printed as {other} rows")),
    }
}

/// By touch: a tap takes hold of the view, then one finger turns it and two zoom; a view that nobody has taken
/// hold of lets a finger scroll the page.
fn fingers(browser: &mut Browser) -> Result<(), String> {
    let centre = |browser: &mut Browser| -> Result<(f64, f64), String> {
        browser.tell("scene.scrollIntoView({ block: 'center', behavior: 'instant' })")?;
        browser.tell("settle(3)")?;
        place(&browser.tell("middle(scene)")?)
    };
    browser.tell("document.activeElement.blur()")?;
    let (x, y) = centre(browser)?;
    let drag = |browser: &mut Browser, down: f64| -> Result<(), String> {
        browser.touch("touchStart", &[(x, y)])?;
        for step in 1..=8 {
            let step = f64::from(step);
            browser.touch("touchMove", &[(x + (10.0 - down) * step, y - down * step)])?;
            browser.tell("settle()")?;
        }
        browser.touch("touchEnd", &[])?;
        browser.tell("settle(3)").map(|_| ())
    };
    let (before, top) = (browser.tell("view()")?, browser.tell("scrollY")?);
    drag(browser, 10.0)?;
    differ("a finger on a view not held, which scrolls,", &top, &browser.tell("scrollY")?)?;
    if browser.tell("view()")? != before {
        return Err("a finger that scrolls the page turns the view".to_owned());
    }
    let at = centre(browser)?;
    browser.touch("touchStart", &[at])?;
    browser.touch("touchEnd", &[])?;
    browser.tell("settle(3)")?;
    if browser.tell("document.activeElement === scene")? != "true" {
        return Err("a tap does not take hold of the view".to_owned());
    }
    let (before, top) = (browser.tell("view()")?, browser.tell("scrollY")?);
    drag(browser, 4.0)?;
    differ("a finger", &before, &browser.tell("view()")?)?;
    if browser.tell("scrollY")? != top {
        return Err("a finger that turns the view scrolls the page".to_owned());
    }
    let zoom = "view().then((v) => v.split(' ')[2])";
    let before = browser.tell(zoom)?;
    let apart = |d: f64| [(x - d, y), (x + d, y)];
    browser.touch("touchStart", &apart(30.0))?;
    for step in 1..=6 {
        browser.touch("touchMove", &apart(30.0 + 8.0 * f64::from(step)))?;
    }
    browser.touch("touchEnd", &[])?;
    differ("two fingers", &before, &browser.tell(zoom)?)?;
    browser.tell("document.activeElement.blur()").map(|_| ())
}

/// Nothing left the page, nothing failed in it; and a picture from elsewhere would have been noticed.
fn alone(browser: &mut Browser, url: &str) -> Result<(), String> {
    let (asked, wrong) = browser.incidents();
    let away: Vec<&String> =
        asked.iter().filter(|a| *a != url && !a.starts_with("data:")).collect();
    if !away.is_empty() || !asked.iter().any(|a| a == url) {
        return Err(format!("the page asks for {away:?} (of {} requests)", asked.len()));
    }
    if !wrong.is_empty() {
        return Err(format!("the page has errors: {}", wrong.join("; ")));
    }
    browser.tell("new Promise((go) => Object.assign(new Image(), { onerror: go, src: 'https://attractor.invalid/a.png' }))")?;
    let (asked, wrong) = browser.incidents();
    if asked.iter().chain(&wrong).any(|said| said.contains("attractor.invalid")) {
        return Ok(());
    }
    Err("a request that the page must not make went unnoticed".to_owned())
}

fn ok(what: &str, answer: &str) -> Result<(), String> {
    if answer == "ok" { Ok(()) } else { Err(format!("{what}: {answer}")) }
}

fn differ(what: &str, before: &str, after: &str) -> Result<(), String> {
    if before == after { Err(format!("{what} does not change the view")) } else { Ok(()) }
}

fn place(text: &str) -> Result<(f64, f64), String> {
    let numbers = text.split_once(' ').map(|(x, y)| (x.parse(), y.parse()));
    match numbers {
        Some((Ok(x), Ok(y))) => Ok((x, y)),
        _ => Err(format!("`{text}` is no place")),
    }
}

/// The browser; as root on a system with apt-get it is installed where it is missing.
fn chromium() -> Result<PathBuf, String> {
    if let Some(found) = PROGRAMS.iter().find_map(|name| on_path(name)) {
        return Ok(found);
    }
    let missing = "no Chromium on this machine: install `chromium` (Debian, Fedora, Homebrew) or Google Chrome";
    if on_path("apt-get").is_none() {
        return Err(missing.to_owned());
    }
    let apt = |arguments: &[&str]| {
        println!("$ apt-get {}", arguments.join(" "));
        Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status()
    };
    let wanted = ["install", "-y", "-q", "--no-install-recommends", "chromium", "fonts-liberation"];
    // The lists of a fresh image are empty or old.
    let _ = apt(&["update", "-q"]);
    let _ = apt(&wanted);
    PROGRAMS.iter().find_map(|name| on_path(name)).ok_or_else(|| missing.to_owned())
}

/// A program on the path.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|p| p.join(name)).find(|p| p.is_file())
}
