//! A browser at the end of two pipes: the DevTools protocol, as far as the test of the page needs it.
//!
//! With `--remote-debugging-pipe` Chromium reads commands from file descriptor 3 and answers on 4, JSON ended by a
//! zero byte. That needs no socket, and of JSON only strings are read: what is asked of a page comes back as text.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longest wait for one answer: a busy machine is slow, a hanging browser is not waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running browser with one page.
pub(super) struct Browser {
    child: Child,
    commands: ChildStdin,
    answers: Receiver<String>,
    number: u32,
    target: String,
    /// Everything the browser said by itself: requests, errors, loads.
    events: Vec<String>,
}

impl Browser {
    /// Starts the browser with a profile of its own and opens an empty page.
    pub(super) fn start(program: &Path, profile: &Path) -> Result<Browser, String> {
        // The shell turns our pipe at 0 and 1 into descriptors 3 and 4.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#, "sh"])
            .arg(program)
            .args(["--headless=new", "--remote-debugging-pipe", "--no-first-run"])
            .args(["--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"])
            .arg("--no-sandbox") // the page under test is our own; root has no sandbox
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{} does not start: {e}", program.display()))?;
        let (Some(commands), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the browser has no pipes".to_owned());
        };
        let (send, answers) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(output).split(0).map_while(Result::ok) {
                if send.send(String::from_utf8_lossy(&message).into_owned()).is_err() {
                    break;
                }
            }
        });
        let mut browser = Browser {
            child,
            commands,
            answers,
            number: 0,
            target: String::new(),
            events: Vec::new(),
        };
        let page = browser.ask("Target.createTarget", r#"{"url":"about:blank"}"#)?;
        let page = field(&page, "targetId").ok_or("the browser opens no page")?;
        let attach = format!(r#"{{"targetId":{},"flatten":true}}"#, quoted(&page));
        let attached = browser.ask("Target.attachToTarget", &attach)?;
        browser.target = field(&attached, "sessionId").ok_or("the browser lets nobody in")?;
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.ask(&format!("{domain}.enable"), "{}")?;
        }
        Ok(browser)
    }

    /// Sends a command and waits for its answer.
    pub(super) fn ask(&mut self, method: &str, parameters: &str) -> Result<String, String> {
        self.number += 1;
        let mut message =
            format!(r#"{{"id":{},"method":"{method}","params":{parameters}"#, self.number);
        if !self.target.is_empty() {
            let _ = write!(message, r#","sessionId":{}"#, quoted(&self.target));
        }
        message.push_str("}\0");
        let gone = |e| format!("the browser has gone: {e}");
        self.commands.write_all(message.as_bytes()).map_err(gone)?;
        self.commands.flush().map_err(gone)?;
        let own = format!(r#"{{"id":{},"#, self.number);
        loop {
            let answer = self.next(method)?;
            if !answer.starts_with(&own) {
                self.events.push(answer);
            } else if answer.contains(r#""error":{"code""#) {
                return Err(format!("{method}: {answer}"));
            } else {
                return Ok(answer);
            }
        }
    }

    /// Opens a page and waits until it has loaded.
    pub(super) fn open(&mut self, url: &str) -> Result<(), String> {
        self.events.clear();
        self.ask("Page.navigate", &format!(r#"{{"url":{}}}"#, quoted(url)))?;
        while !self.events.iter().any(|e| e.contains("\"Page.loadEventFired\"")) {
            let event = self.next("loading the page")?;
            self.events.push(event);
        }
        Ok(())
    }

    /// What an expression gives, as text; promises are waited for, errors are errors.
    pub(super) fn tell(&mut self, expression: &str) -> Result<String, String> {
        let answer = self.run(&format!("(async () => String(await ({expression})))()"))?;
        field(&answer, "value").ok_or_else(|| format!("`{expression}` gave no text: {answer}"))
    }

    /// Runs a script in the page; what it declares stays.
    pub(super) fn run(&mut self, script: &str) -> Result<String, String> {
        let asked = format!(
            r#"{{"expression":{},"awaitPromise":true,"returnByValue":true}}"#,
            quoted(script)
        );
        let answer = self.ask("Runtime.evaluate", &asked)?;
        if answer.contains("\"exceptionDetails\"") {
            let what = field(&answer, "description").unwrap_or(answer);
            return Err(format!("`{}`: {what}", script.chars().take(80).collect::<String>()));
        }
        Ok(answer)
    }

    /// Presses and lets go of a key, as named by the DOM.
    pub(super) fn key(&mut self, key: &str) -> Result<(), String> {
        // what a key types; a button is pressed by the carriage return of Enter
        let text = match key {
            "Enter" => r#","text":"\r","windowsVirtualKeyCode":13"#.to_owned(),
            _ if key.chars().count() == 1 => format!(r#","text":{}"#, quoted(key)),
            _ => String::new(),
        };
        let press = format!(r#"{{"type":"keyDown","key":{}{text}}}"#, quoted(key));
        self.ask("Input.dispatchKeyEvent", &press)?;
        let release = format!(r#"{{"type":"keyUp","key":{}}}"#, quoted(key));
        self.ask("Input.dispatchKeyEvent", &release).map(|_| ())
    }

    /// A mouse event (`mousePressed`, `mouseMoved`, `mouseReleased`) at a place in the window.
    pub(super) fn mouse(&mut self, kind: &str, (x, y): (f64, f64)) -> Result<(), String> {
        let held = if kind == "mouseMoved" { "" } else { r#","button":"left","clickCount":1"# };
        let event = format!(r#"{{"type":"{kind}","x":{x},"y":{y}{held}}}"#);
        self.ask("Input.dispatchMouseEvent", &event).map(|_| ())
    }

    /// A touch event (`touchStart`, `touchMove`, `touchEnd`) of fingers at these places in the window.
    pub(super) fn touch(&mut self, kind: &str, fingers: &[(f64, f64)]) -> Result<(), String> {
        let point =
            |(id, (x, y)): (usize, &(f64, f64))| format!(r#"{{"x":{x},"y":{y},"id":{id}}}"#);
        let points: Vec<String> = fingers.iter().enumerate().map(point).collect();
        let event = format!(r#"{{"type":"{kind}","touchPoints":[{}]}}"#, points.join(","));
        self.ask("Input.dispatchTouchEvent", &event).map(|_| ())
    }

    /// A window of this size, as on a phone or a laptop.
    pub(super) fn resize(&mut self, width: u32, height: u32) -> Result<(), String> {
        let size = format!(
            r#"{{"width":{width},"height":{height},"deviceScaleFactor":1,"mobile":{}}}"#,
            width < 600
        );
        self.ask("Emulation.setDeviceMetricsOverride", &size)?;
        let fingers = format!(r#"{{"enabled":{},"maxTouchPoints":5}}"#, width < 600);
        self.ask("Emulation.setTouchEmulationEnabled", &fingers).map(|_| ())
    }

    /// Addresses asked for since the page was opened, and errors of the page or against its policy.
    pub(super) fn incidents(&mut self) -> (Vec<String>, Vec<String>) {
        self.events.extend(self.answers.try_iter());
        let of = |name: &'static str| {
            let mark = format!("\"method\":\"{name}\"");
            self.events.iter().filter(move |e| e.contains(&mark))
        };
        let asked = of("Network.requestWillBeSent").filter_map(|e| {
            e.split_once("\"request\":").and_then(|(_, request)| field(request, "url"))
        });
        let thrown = of("Runtime.exceptionThrown").filter_map(|e| field(e, "description"));
        let logged = of("Log.entryAdded").filter(|e| e.contains("\"level\":\"error\""));
        let logged = logged.filter_map(|e| field(e, "text"));
        (asked.collect(), thrown.chain(logged).collect())
    }

    fn next(&mut self, what: &str) -> Result<String, String> {
        let late = |_| format!("the browser does not answer within {PATIENCE:?} ({what})");
        self.answers.recv_timeout(PATIENCE).map_err(late)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.target.clear();
        let _ = self.ask("Browser.close", "{}");
        // Closed or not, nothing is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The first string under this key.
fn field(json: &str, key: &str) -> Option<String> {
    let (_, rest) = json.split_once(&format!("\"{key}\":\""))?;
    let mut out = String::new();
    let mut letters = rest.chars();
    loop {
        match letters.next()? {
            '"' => return Some(out),
            '\\' => match letters.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'u' => {
                    let code: String = letters.by_ref().take(4).collect();
                    out.push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32)?);
                }
                c => out.push(c),
            },
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_survive_there_and_back() {
        let text = "a \"b\" \\ c\n<d> é";
        let json = format!(r#"{{"x":1,"value":{}}}"#, quoted(text));
        assert_eq!(field(&json, "value").as_deref(), Some(text));
        assert_eq!(field(&json, "other"), None);
    }
}
