//! Colour scales of heat-maps: sequential, and diverging around zero.
//!
//! *Viridis* (van der Walt and Smith, CC0) rises evenly in lightness; *red-blue* is ColorBrewer's eleven-class
//! RdBu (Brewer, Apache 2.0) with red above zero. Both keep their order for the common kinds of colour blindness.

use crate::color::Color;

/// Which scale a heat-map uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colormap {
    /// From low (dark violet) to high (yellow).
    Viridis,
    /// From negative (blue) through zero (white) to positive (red).
    RedBlue,
}

/// Index of the palette entry for values that are not finite.
pub(crate) const MISSING: u8 = 255;
/// Its colour: a grey that neither scale contains.
pub(crate) const MISSING_COLOR: Color = Color(0xb9, 0xbd, 0xc3);
const LEVELS: usize = 255;

const VIRIDIS: [u32; 17] = [
    0x440154, 0x48186a, 0x472d7b, 0x424086, 0x3b528b, 0x33638d, 0x2c728e, 0x26828e, 0x21918c,
    0x1fa088, 0x28ae80, 0x3fbc73, 0x5ec962, 0x84d44b, 0xaddc30, 0xd8e219, 0xfde725,
];
const RED_BLUE: [u32; 11] = [
    0x053061, 0x2065ab, 0x4393c3, 0x90c4dd, 0xd1e5f0, 0xf7f6f6, 0xfddbc7, 0xf3a481, 0xd6604d,
    0xb1182b, 0x67001f,
];

impl Colormap {
    /// The colour at `t` in 0..=1, grey where `t` is not a number.
    #[must_use]
    pub fn at(self, t: f64) -> Color {
        if t.is_nan() {
            return MISSING_COLOR;
        }
        let anchors: &[u32] = match self {
            Colormap::Viridis => &VIRIDIS,
            Colormap::RedBlue => &RED_BLUE,
        };
        let position = t.clamp(0.0, 1.0) * (anchors.len() - 1) as f64;
        let i = (position.floor() as usize).min(anchors.len() - 2);
        Color::from_hex(anchors[i]).mix(Color::from_hex(anchors[i + 1]), position - i as f64)
    }

    /// 255 levels and, last, the colour of missing values.
    pub(crate) fn palette(self) -> Vec<Color> {
        let mut palette: Vec<Color> =
            (0..LEVELS).map(|i| self.at(i as f64 / (LEVELS - 1) as f64)).collect();
        palette.push(MISSING_COLOR);
        palette
    }

    /// Palette index of `value` on a scale from `low` to `high`.
    pub(crate) fn index(value: f64, low: f64, high: f64) -> u8 {
        if !value.is_finite() {
            return MISSING;
        }
        let t = if high > low { (value - low) / (high - low) } else { 0.5 };
        (t.clamp(0.0, 1.0) * (LEVELS - 1) as f64).round() as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CIE lightness of an sRGB colour.
    fn lightness(c: Color) -> f64 {
        let lin = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        let y = 0.2126 * lin(c.0) + 0.7152 * lin(c.1) + 0.0722 * lin(c.2);
        116.0 * y.cbrt() - 16.0
    }

    #[test]
    fn viridis_rises_in_lightness_and_red_blue_peaks_at_zero() {
        let v: Vec<f64> =
            (0..=50).map(|i| lightness(Colormap::Viridis.at(f64::from(i) / 50.0))).collect();
        assert!(v.windows(2).all(|w| w[1] > w[0]), "{v:?}");
        let d: Vec<f64> =
            (0..=50).map(|i| lightness(Colormap::RedBlue.at(f64::from(i) / 50.0))).collect();
        assert!(d[..=25].windows(2).all(|w| w[1] > w[0]));
        assert!(d[25..].windows(2).all(|w| w[1] < w[0]));
    }

    #[test]
    fn values_outside_saturate_and_missing_ones_have_their_own_entry() {
        assert_eq!(Colormap::index(-9.0, -1.0, 1.0), 0);
        assert_eq!(Colormap::index(9.0, -1.0, 1.0), 254);
        assert_eq!(Colormap::index(0.0, -1.0, 1.0), 127);
        assert_eq!(Colormap::index(f64::NAN, -1.0, 1.0), MISSING);
        assert_eq!(Colormap::index(f64::INFINITY, -1.0, 1.0), MISSING);
        assert_eq!(Colormap::index(3.0, 3.0, 3.0), 127);
        assert_eq!(Colormap::Viridis.palette().len(), 256);
        assert_eq!(Colormap::Viridis.palette()[255], MISSING_COLOR);
    }
}
