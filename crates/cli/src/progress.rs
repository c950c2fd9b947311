//! Progress of a run: a bar on a terminal, plain lines elsewhere. Both go to standard error.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use attractor::run::{Event, Observer};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::complain;

/// Between two lines where there is no terminal.
const BETWEEN: Duration = Duration::from_secs(5);

/// Shows how a run goes.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    bar: Option<ProgressBar>,
    quiet: bool,
    most: u64,
    begun: Instant,
    /// Updates of this sitting.
    done: u64,
    /// Loss over the latest updates, a running mean.
    loss: f64,
    score: Option<f64>,
    said: Option<Instant>,
}

impl Watch {
    /// `quiet` shows nothing but warnings.
    pub(crate) fn new(stop: Arc<AtomicBool>, quiet: bool) -> Self {
        Watch {
            stop,
            bar: None,
            quiet,
            most: 0,
            begun: Instant::now(),
            done: 0,
            loss: f64::NAN,
            score: None,
            said: None,
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| complain(text)),
            None => complain(text),
        }
    }

    /// `loss 0.0312  score 0.968  812 updates/s  at most 3 s left`
    fn state(&self, left: u64) -> String {
        let score = self.score.map_or_else(String::new, |score| format!("  score {score:.3}"));
        let rate = self.done as f64 / self.begun.elapsed().as_secs_f64().max(1e-9);
        let remaining = duration(left as f64 / rate);
        format!("loss {:.4}{score}  {rate:.0} updates/s  at most {remaining} left", self.loss)
    }
}

impl Observer for Watch {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Training { done, most } => {
                (self.most, self.begun) = (most, Instant::now());
                if !self.quiet && std::io::stderr().is_terminal() {
                    let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {msg}")
                        .unwrap_or_else(|_| ProgressStyle::default_bar());
                    self.bar = Some(ProgressBar::new(most).with_style(style).with_position(done));
                }
            }
            Event::Update { progress, left, .. } => {
                self.done += 1;
                let share = if self.loss.is_nan() { 1.0 } else { 0.05 };
                let before = if self.loss.is_nan() { 0.0 } else { self.loss };
                self.loss = before + share * (progress.loss - before);
                let validated = progress.validation.as_ref();
                self.score = validated.and_then(|v| v.score).or(self.score);
                if let Some(bar) = &self.bar {
                    bar.set_length(progress.update + left);
                    bar.set_position(progress.update);
                    bar.set_message(self.state(left));
                } else if !self.quiet
                    && (validated.is_some() || self.said.is_none())
                    && self.said.is_none_or(|said| said.elapsed() >= BETWEEN)
                {
                    self.said = Some(Instant::now());
                    complain(&format!(
                        "update {}/{}  {}",
                        progress.update,
                        self.most,
                        self.state(left)
                    ));
                }
            }
            Event::Note(text) if !self.quiet => self.line(text),
            Event::Warning(text) => self.line(&format!("warning: {text}")),
            _ => {}
        }
    }

    fn interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `12 s`, `3 min`, `2.5 h`
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() => "?".to_owned(),
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
