//! The embedded typeface: how wide a text is, and the outlines of its glyphs.
//!
//! Arimo, a subset (`fonts/README.md`), whose widths are those of Arial and Liberation Sans. Pictures therefore do
//! not depend on what is installed, and the SVG, which names that family, keeps the layout that was measured here.

use std::sync::OnceLock;

use crate::label::{Face, Label};

static REGULAR: &[u8] = include_bytes!("../fonts/Arimo-Regular.subset.ttf");
static BOLD: &[u8] = include_bytes!("../fonts/Arimo-Bold.subset.ttf");
static ITALIC: &[u8] = include_bytes!("../fonts/Arimo-Italic.subset.ttf");

/// What the SVG asks for: families of equal widths, then anything without serifs.
pub(crate) const FAMILY: &str = "Arimo, Arial, 'Liberation Sans', Helvetica, sans-serif";

/// Height of capitals and digits in units of the size.
pub(crate) const CAP_HEIGHT: f64 = 0.716;

fn font(face: Face) -> &'static ttf_parser::Face<'static> {
    static FONTS: [OnceLock<ttf_parser::Face<'static>>; 3] =
        [OnceLock::new(), OnceLock::new(), OnceLock::new()];
    let (slot, bytes) = match face {
        Face::Regular => (0, REGULAR),
        Face::Bold => (1, BOLD),
        Face::Italic => (2, ITALIC),
    };
    FONTS[slot].get_or_init(|| {
        ttf_parser::Face::parse(bytes, 0).expect("the embedded font is whole; a test reads it")
    })
}

/// Width of a label at `size`, in the unit of `size`.
pub(crate) fn width(label: &Label, size: f64) -> f64 {
    label.spans.iter().map(|s| text_width(&s.text, s.face, size * s.script.scale())).sum()
}

/// Width of one styled part.
pub(crate) fn text_width(text: &str, face: Face, size: f64) -> f64 {
    text.chars().map(|c| advance(c, face)).sum::<f64>() * size
}

/// Width of one character in units of the size.
pub(crate) fn advance(c: char, face: Face) -> f64 {
    let font = font(face);
    let glyph = font.glyph_index(c).unwrap_or(ttf_parser::GlyphId(0));
    f64::from(font.glyph_hor_advance(glyph).unwrap_or(0)) / f64::from(font.units_per_em())
}

/// Walk the outline of a character, in units of the size, y upwards. A character the subset lacks is a box.
pub(crate) fn outline(c: char, face: Face, pen: &mut dyn ttf_parser::OutlineBuilder) {
    let font = font(face);
    font.outline_glyph(font.glyph_index(c).unwrap_or(ttf_parser::GlyphId(0)), pen);
}

/// Font units per unit of size.
pub(crate) fn units_per_em(face: Face) -> f64 {
    f64::from(font(face).units_per_em())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_the_figures_use_is_embedded() {
        for face in [Face::Regular, Face::Bold, Face::Italic] {
            for c in ('!'..='~').chain("−×±·≤≥≈≠∞√²³°µ→–—…′αβγδελμρστφθωΔΣéüß".chars())
            {
                assert!(font(face).glyph_index(c).is_some(), "{c} in {face:?}");
            }
        }
    }

    #[test]
    fn widths_are_those_of_arial() {
        // Arial: digits 1139/2048, W 1933/2048.
        assert!((text_width("8", Face::Regular, 1.0) - 1139.0 / 2048.0).abs() < 1e-9);
        assert!((text_width("W", Face::Regular, 1.0) - 1933.0 / 2048.0).abs() < 1e-9);
        let label = Label::from("10").sup("−3");
        assert!(width(&label, 7.0) < text_width("10−3", Face::Regular, 7.0));
    }
}
