//! Elementary functions in single precision.
//!
//! Coefficients are minimax fits to the relative error of the result, made with 50 digits.

#![allow(clippy::excessive_precision, clippy::approx_constant)] // digits as they were fitted

use super::{Elementary, madd, polynomial, within};

/// Adding it rounds to an integer, which then stands in the low bits.
const MAGIC: f32 = 12_582_912.0;
/// Bits of √½.
const ROOT_HALF: u32 = 0x3f35_04f3;
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// `2^n` of the integer that stands in the low bits of `n + MAGIC`.
#[inline(always)]
fn power_of_two(shifted: f32) -> f32 {
    f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// `ln x − shift ln 2` for positive, finite, normal x.
#[inline(always)]
fn ln_scaled<const FMA: bool>(x: f32, shift: f32) -> f32 {
    // x = m 2^e with m in √½..√2; e goes through the low bits of 2^23
    let i = x.to_bits().wrapping_add(0x3f80_0000 - ROOT_HALF);
    let e = f32::from_bits((i >> 23) | 0x4b00_0000) - (8_388_608.0 + 127.0 + shift);
    let f = f32::from_bits((i & 0x007f_ffff) + ROOT_HALF) - 1.0;
    let p = polynomial!(FMA, f;
        0.333_333_317_106, -0.250_008_210_661, 0.200_012_265_724, -0.166_233_560_882,
        0.142_017_644_993, -0.131_602_007_911, 0.127_615_382_212, -0.076_343_996_576_8);
    let z = f * f;
    let p = madd::<_, FMA>(p, z * f, e * LN2_LOW);
    let p = madd::<_, FMA>(z, -0.5, p) + f;
    madd::<_, FMA>(e, LN2_HIGH, p)
}

/// `−2 ln x` for normal x in 0..1, to 2e-7 relative, for noise. Without fused operations: the same
/// bits on every instruction set.
#[inline(always)]
pub(crate) fn minus_two_ln(x: f32) -> f32 {
    let i = x.to_bits().wrapping_add(0x3f80_0000 - ROOT_HALF);
    let e = f32::from_bits((i >> 23) | 0x4b00_0000) - (8_388_608.0 + 127.0);
    let f = f32::from_bits((i & 0x007f_ffff) + ROOT_HALF) - 1.0;
    // even and odd powers apart: half the latency
    let z = f * f;
    let even = polynomial!(false, z;
        -1.999_999_890_646, -0.666_701_173_574, -0.398_003_463_878, -0.324_450_489_298);
    let odd = polynomial!(false, z;
        1.000_007_302_664, 0.499_398_165_54, 0.345_016_963_386, 0.202_135_286_266);
    (even + f * odd) * f + e * -1.386_294_361_12
}

/// Sine and cosine of `t π/2` for t in −1..=1, to 5e-8, for noise. Without fused operations.
#[inline(always)]
pub(crate) fn sin_cos_quarters(t: f32) -> (f32, f32) {
    let z = t * t;
    let sine = polynomial!(false, z;
        1.570_796_290_02, -0.645_963_359_862, 0.079_688_480_527_1, -0.004_672_227_905_6,
        0.000_150_820_556_695);
    let cosine = polynomial!(false, z;
        0.999_999_953_467, -1.233_698_214_66, 0.253_650_744_61, -0.020_810_627_479_5,
        0.000_858_190_599_512);
    (t * sine, cosine)
}

/// `ln(1 + u)` for u in 0..=1.
#[inline(always)]
fn ln_one_plus<const FMA: bool>(u: f32) -> f32 {
    u * polynomial!(FMA, u;
        0.999_999_995_281, -0.499_999_023_493, 0.333_299_609_369, -0.249_541_215_308,
        0.196_758_877_525, -0.153_054_668_666, 0.106_034_718_498, -0.056_957_964_026_3,
        0.019_850_730_344_8, -0.003_243_882_231_49)
}

/// Sine of `x + turn * π/2`.
#[inline(always)]
fn sine<const FMA: bool>(x: f32, turn: u32) -> f32 {
    let shifted = madd::<_, FMA>(x, std::f32::consts::FRAC_2_PI, MAGIC);
    let n = shifted - MAGIC;
    // π/2 in three parts, the first two short enough for exact products up to 2^13 turns
    let r = madd::<_, FMA>(n, -1.570_312_5, x);
    let r = madd::<_, FMA>(n, -4.837_513e-4, r);
    let r = madd::<_, FMA>(n, -7.549_79e-8, r);
    let r = within!(r, -0.8, 0.8);
    let z = r * r;
    let s = polynomial!(FMA, z; -0.166_666_549_339, 0.008_332_177_555_01, -0.000_195_172_203_5);
    let s = madd::<_, FMA>(s, z * r, r);
    let c = polynomial!(FMA, z; 0.041_666_646_853_9, -0.001_388_736_688_27, 2.443_837_673_35e-5);
    let c = madd::<_, FMA>(c, z * z, madd::<_, FMA>(z, -0.5, 1.0));
    let quarter = shifted.to_bits().wrapping_add(turn);
    let value = if quarter & 1 == 0 { s } else { c };
    f32::from_bits(value.to_bits() ^ ((quarter & 2) << 30))
}

impl Elementary for f32 {
    #[inline(always)]
    fn exp<const FMA: bool>(self) -> f32 {
        let x = within!(self, -104.0, 89.0);
        let shifted = madd::<_, FMA>(x, std::f32::consts::LOG2_E, MAGIC);
        let n = shifted - MAGIC;
        let r = madd::<_, FMA>(n, -LN2_HIGH, x);
        let r = madd::<_, FMA>(n, -LN2_LOW, r);
        let q = polynomial!(FMA, r;
            0.499_999_934_412, 0.166_665_205_696, 0.041_668_389_379, 0.008_368_722_654_73,
            0.001_381_453_407_39);
        let p = madd::<_, FMA>(q, r * r, r) + 1.0;
        // 2^n in two steps: neither overflows, and subnormal results are rounded once
        let half = madd::<_, FMA>(n, 0.5, MAGIC);
        let rest = (n - (half - MAGIC)) + MAGIC;
        p * power_of_two(half) * power_of_two(rest)
    }

    #[inline(always)]
    fn ln<const FMA: bool>(self) -> f32 {
        let tiny = self < f32::MIN_POSITIVE;
        let x = if tiny { self * 8_388_608.0 } else { self };
        let y = ln_scaled::<FMA>(x, if tiny { 23.0 } else { 0.0 });
        let y = if self < f32::INFINITY { y } else { self };
        let y = if self < 0.0 { f32::NAN } else { y };
        if self == 0.0 { f32::NEG_INFINITY } else { y }
    }

    #[inline(always)]
    fn tanh<const FMA: bool>(self) -> f32 {
        let x = within!(self, -8.3, 8.3);
        let z = x * x;
        // a common factor of numerator and denominator, chosen so that rounding errors are least
        let p = polynomial!(FMA, z;
            1.684_050_440_8, 0.225_992_381_57, 0.005_964_248_906_8, 3.600_439_958_97e-5,
            2.434_745_383_08e-8);
        let q = polynomial!(FMA, z;
            1.684_050_440_8, 0.787_342_369_56, 0.043_871_887_028, 0.000_566_079_106_65,
            1.384_270_603_92e-6);
        x * p / q
    }

    #[inline(always)]
    fn sigmoid<const FMA: bool>(self) -> f32 {
        1.0 / (1.0 + Elementary::exp::<FMA>(-self))
    }

    #[inline(always)]
    fn softplus<const FMA: bool>(self) -> f32 {
        let positive = if self > 0.0 { self } else { 0.0 };
        positive + ln_one_plus::<FMA>(Elementary::exp::<FMA>(-self.abs()))
    }

    #[inline(always)]
    fn sin<const FMA: bool>(self) -> f32 {
        sine::<FMA>(self, 0)
    }

    #[inline(always)]
    fn cos<const FMA: bool>(self) -> f32 {
        sine::<FMA>(self, 1)
    }

    #[inline(always)]
    fn erf<const FMA: bool>(self) -> f32 {
        let x = within!(self, -3.9, 3.9);
        let z = x * x;
        let p = polynomial!(FMA, z;
            2.060_372_114_18, 0.346_325_069_67, 0.096_169_881_523, 0.006_826_129_276_3,
            0.000_520_513_392_98, 3.773_285_470_7e-6);
        let q = polynomial!(FMA, z;
            1.825_957_179_07, 0.915_574_014_19, 0.207_829_192_28, 0.027_232_969_18,
            0.002_113_337_162_9, 6.987_946_107_98e-5);
        let y = x * p / q;
        within!(y, -1.0, 1.0)
    }
}
