//! Colours of lines and areas, safe for colour-blind readers.
//!
//! Lines take the palette of Okabe and Ito (2008), ordered so that neighbours differ in lightness as well as in
//! hue; its yellow is left to the end because it vanishes on white. Areas are opaque tints: no transparency, which
//! printers and older viewers treat differently.

/// An opaque colour, 8 bits a channel, sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(
    /// Red.
    pub u8,
    /// Green.
    pub u8,
    /// Blue.
    pub u8,
);

impl Color {
    /// White, the paper.
    pub const WHITE: Color = Color(255, 255, 255);
    /// Near-black for text and axes.
    pub const INK: Color = Color(0x22, 0x26, 0x2b);
    /// Grey for what stands behind the data: reference lines, the state before training.
    pub const GREY: Color = Color(0x8a, 0x90, 0x98);
    /// Pale grey for shaded intervals.
    pub const SHADE: Color = Color(0xec, 0xee, 0xf1);
    /// Okabe-Ito blue.
    pub const BLUE: Color = Color(0x00, 0x72, 0xb2);
    /// Okabe-Ito vermillion.
    pub const VERMILLION: Color = Color(0xd5, 0x5e, 0x00);
    /// Okabe-Ito bluish green.
    pub const GREEN: Color = Color(0x00, 0x9e, 0x73);
    /// Okabe-Ito reddish purple.
    pub const PURPLE: Color = Color(0xcc, 0x79, 0xa7);
    /// Okabe-Ito orange.
    pub const ORANGE: Color = Color(0xe6, 0x9f, 0x00);
    /// Okabe-Ito sky blue.
    pub const SKY: Color = Color(0x56, 0xb4, 0xe9);
    /// Okabe-Ito yellow.
    pub const YELLOW: Color = Color(0xf0, 0xe4, 0x42);

    /// The `i`-th line colour; starts again after eight.
    #[must_use]
    pub fn line(i: usize) -> Color {
        const ORDER: [Color; 8] = [
            Color::BLUE,
            Color::VERMILLION,
            Color::GREEN,
            Color::PURPLE,
            Color::ORANGE,
            Color::SKY,
            Color::INK,
            Color::YELLOW,
        ];
        ORDER[i % ORDER.len()]
    }

    /// Mixed with white: 0 leaves the colour as it is, 1 gives white.
    #[must_use]
    pub fn tint(self, towards_white: f64) -> Color {
        self.mix(Color::WHITE, towards_white)
    }

    /// Mixed with another colour: 0 gives `self`, 1 gives `other`.
    #[must_use]
    pub fn mix(self, other: Color, t: f64) -> Color {
        let t = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 };
        let m = |a: u8, b: u8| (f64::from(a) + t * (f64::from(b) - f64::from(a))).round() as u8;
        Color(m(self.0, other.0), m(self.1, other.1), m(self.2, other.2))
    }

    pub(crate) const fn from_hex(hex: u32) -> Color {
        Color((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
    }

    pub(crate) fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_ends_where_it_should() {
        assert_eq!(Color::BLUE.tint(0.0), Color::BLUE);
        assert_eq!(Color::BLUE.tint(1.0), Color::WHITE);
        assert_eq!(Color::BLUE.tint(f64::NAN), Color::BLUE);
        assert_eq!(Color::from_hex(0x0072b2), Color::BLUE);
        assert_eq!(Color::BLUE.hex(), "#0072b2");
        assert_eq!(Color::line(0), Color::line(8));
    }
}
