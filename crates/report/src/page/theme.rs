//! Figures on a dark ground: what is paper and ink turns over, hues stay and become lighter.
//!
//! Figures carry their colours as attributes, so that the same SVG is a file for print; a style sheet outranks
//! attributes, so the page needs no second picture.

use std::fmt::Write;

use crate::color::Color;

/// The ground of a figure on a dark page, as `--card` in `page.css`.
const GROUND: Color = Color(0x1c, 0x20, 0x26);
const PAPER_INK: Color = Color(0xe8, 0xea, 0xed);
const FAINT: Color = Color(0x2f, 0x36, 0x3f);

/// Rules for dark screens: each colour of the figures and its tints.
pub(super) fn dark() -> String {
    let mut rules = String::from("@media screen and (prefers-color-scheme: dark) {\n");
    let mut rule = |from: Color, to: Color| {
        let (from, to) = (from.hex(), to.hex());
        let _ = writeln!(
            rules,
            ".plate svg [fill=\"{from}\"]{{fill:{to}}}.plate svg [stroke=\"{from}\"]{{stroke:{to}}}"
        );
    };
    rule(Color::WHITE, GROUND);
    rule(Color::INK, PAPER_INK);
    rule(Color::SHADE, FAINT);
    rule(Color::SHADE.mix(Color::GREY, 0.25), FAINT.mix(Color::GREY, 0.25));
    rule(Color::GREY.mix(Color::INK, 0.4), Color::GREY.mix(PAPER_INK, 0.4));
    rule(Color::GREY.tint(0.35), Color::GREY.mix(GROUND, 0.35));
    for hue in (0..8).map(Color::line).filter(|&c| c != Color::INK) {
        let lighter = hue.tint(if hue == Color::BLUE { 0.3 } else { 0.12 });
        rule(hue, lighter);
        for share in [0.25, 0.5, 0.65, 0.78] {
            rule(hue.tint(share), lighter.mix(GROUND, share));
        }
    }
    rule(Color::INK.tint(0.65), PAPER_INK.mix(GROUND, 0.65));
    rule(Color::INK.tint(0.78), PAPER_INK.mix(GROUND, 0.78));
    rules.push_str("}\n");
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_colour_has_one_rule() {
        let rules = dark();
        let selectors: Vec<&str> =
            rules.lines().filter_map(|l| l.split_once("]{").map(|s| s.0)).collect();
        let mut once = selectors.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), selectors.len(), "{selectors:?}");
        assert!(rules.contains("[fill=\"#ffffff\"]{fill:#1c2026}"));
    }
}
