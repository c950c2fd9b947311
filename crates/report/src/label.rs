//! Short texts with italics, bold, sub- and superscripts: axis labels, tick labels, legend entries.

/// A short text of differently styled parts. A plain string converts into one and is taken as it is: what a user
/// names a channel is never read as markup.
///
/// ```
/// use attractor_report::Label;
/// let label = Label::new().italic("W").sub("rec").text(" (1/√N)");
/// assert_eq!(label.plain(), "W_rec (1/√N)");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    pub(crate) spans: Vec<Span>,
}

/// One part of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) face: Face,
    pub(crate) script: Script,
}

/// Which cut of the typeface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Regular,
    Bold,
    Italic,
}

/// Where a part sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    Base,
    Sub,
    Super,
}

impl Script {
    /// Size relative to the base text.
    pub(crate) fn scale(self) -> f64 {
        if self == Script::Base { 1.0 } else { 0.72 }
    }

    /// Downward shift in units of the base size.
    pub(crate) fn shift(self) -> f64 {
        match self {
            Script::Base => 0.0,
            Script::Sub => 0.18,
            Script::Super => -0.36,
        }
    }
}

impl Label {
    /// An empty label.
    #[must_use]
    pub fn new() -> Label {
        Label::default()
    }

    /// Add upright text.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Label {
        self.with(text, Face::Regular, Script::Base)
    }

    /// Add bold text.
    #[must_use]
    pub fn bold(self, text: impl Into<String>) -> Label {
        self.with(text, Face::Bold, Script::Base)
    }

    /// Add italic text, as variables are set.
    #[must_use]
    pub fn italic(self, text: impl Into<String>) -> Label {
        self.with(text, Face::Italic, Script::Base)
    }

    /// Add a subscript.
    #[must_use]
    #[allow(clippy::should_implement_trait)] // named as in HTML, beside `sup`; labels have no difference
    pub fn sub(self, text: impl Into<String>) -> Label {
        self.with(text, Face::Regular, Script::Sub)
    }

    /// Add a superscript.
    #[must_use]
    pub fn sup(self, text: impl Into<String>) -> Label {
        self.with(text, Face::Regular, Script::Super)
    }

    /// Whether there is nothing to draw.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.iter().all(|s| s.text.is_empty())
    }

    /// The text without its styling; a subscript keeps an underscore before it.
    #[must_use]
    pub fn plain(&self) -> String {
        let part = |s: &Span| {
            if s.script == Script::Sub { format!("_{}", s.text) } else { s.text.clone() }
        };
        self.spans.iter().map(part).collect()
    }

    /// One label after another.
    #[must_use]
    pub fn then(mut self, other: Label) -> Label {
        self.spans.extend(other.spans);
        self
    }

    /// The label as HTML, escaped.
    pub(crate) fn html(&self) -> String {
        let part = |s: &Span| {
            let text = crate::svg::escape(&s.text);
            match (s.face, s.script) {
                (_, Script::Sub) => format!("<sub>{text}</sub>"),
                (_, Script::Super) => format!("<sup>{text}</sup>"),
                (Face::Bold, _) => format!("<b>{text}</b>"),
                (Face::Italic, _) => format!("<i>{text}</i>"),
                _ => text,
            }
        };
        self.spans.iter().map(part).collect()
    }

    fn with(mut self, text: impl Into<String>, face: Face, script: Script) -> Label {
        // One line: breaks and other control characters in a name become spaces.
        let text: String =
            text.into().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.spans.push(Span { text, face, script });
        self
    }

    /// The label cut to `width`, ending in an ellipsis where something was left out.
    pub(crate) fn fitted(&self, size: f64, width: f64) -> Label {
        if crate::font::width(self, size) <= width {
            return self.clone();
        }
        let mut cut = self.clone();
        while let Some(last) = cut.spans.last_mut() {
            if last.text.pop().is_none() {
                cut.spans.pop();
                continue;
            }
            let tried = cut.clone().text("…");
            if crate::font::width(&tried, size) <= width {
                return tried;
            }
        }
        Label::from("…")
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Label {
        Label::new().text(text)
    }
}

impl From<String> for Label {
    fn from(text: String) -> Label {
        Label::new().text(text)
    }
}

impl From<&String> for Label {
    fn from(text: &String) -> Label {
        Label::new().text(text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_to_the_width() {
        let label = Label::from("a rather long name of an input channel");
        let cut = label.fitted(7.0, 40.0);
        assert!(cut.plain().ends_with('…'));
        assert!(crate::font::width(&cut, 7.0) <= 40.0);
        assert_eq!(label.fitted(7.0, 1000.0), label);
        assert_eq!(label.fitted(7.0, 0.0).plain(), "…");
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(Label::from("a\nb\u{0}c").plain(), "a b c");
    }
}
