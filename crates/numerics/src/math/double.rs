//! Elementary functions in double precision.
//!
//! Coefficients are minimax fits to the relative error of the result, made with 50 digits; the parts
//! of `ln 2` and `π/2` are those of fdlibm (Sun Microsystems 1993).

#![allow(clippy::excessive_precision, clippy::approx_constant)] // digits as they were fitted

use super::{Elementary, madd, polynomial, within};

/// Adding it rounds to an integer, which then stands in the low bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
const SIGN: u64 = 1 << 63;

/// `2^n` of the integer that stands in the low bits of `n + MAGIC`.
#[inline(always)]
fn power_of_two(shifted: f64) -> f64 {
    f64::from_bits((shifted.to_bits() << 52).wrapping_add(0x3ff0_0000_0000_0000))
}

/// `x` with the sign of `sign`, for x ≥ 0.
#[inline(always)]
fn signed(x: f64, sign: f64) -> f64 {
    f64::from_bits(x.to_bits() | (sign.to_bits() & SIGN))
}

/// `x = n ln 2 + r`: r, and n + MAGIC.
#[inline(always)]
fn reduce<const FMA: bool>(x: f64) -> (f64, f64) {
    let shifted = madd::<_, FMA>(x, std::f64::consts::LOG2_E, MAGIC);
    let n = shifted - MAGIC;
    let r = madd::<_, FMA>(n, -LN2_HIGH, x);
    (madd::<_, FMA>(n, -LN2_LOW, r), shifted)
}

/// `e^r − 1` for |r| ≤ ln 2 / 2.
#[inline(always)]
fn exp_minus_one<const FMA: bool>(r: f64) -> f64 {
    let q = polynomial!(FMA, r;
        0.500_000_000_000_000_000_84, 0.166_666_666_666_666_765_03, 0.041_666_666_666_666_510_267,
        0.008_333_333_333_321_693_682_3, 0.001_388_888_888_896_157_724_6,
        0.000_198_412_698_859_613_689_18, 0.000_024_801_587_174_161_553_989,
        2.755_724_437_870_619_996_2e-6, 2.755_740_124_471_999_366_9e-7,
        2.510_897_722_736_073_366e-8, 2.087_575_877_004_514_113_9e-9);
    madd::<_, FMA>(q, r * r, r)
}

/// `ln(1 + u)` for u in 0..=1, through `2 artanh(u / (2 + u))`.
#[inline(always)]
fn ln_one_plus<const FMA: bool>(u: f64) -> f64 {
    let s = u / (2.0 + u);
    let z = s * s;
    let p = polynomial!(FMA, z;
        0.666_666_666_666_663_098_37, 0.400_000_000_001_550_655_21, 0.285_714_285_481_255_125_61,
        0.222_222_239_531_062_591_57, 0.181_817_445_004_249_996_21, 0.153_865_478_958_775_692_27,
        0.133_011_283_604_042_580_06, 0.121_048_866_858_084_750_28, 0.083_452_366_209_847_965_518,
        0.170_092_489_237_417_104_14);
    // 2s = u − s u, which keeps the leading term exact
    madd::<_, FMA>(s, madd::<_, FMA>(p, z, -u), u)
}

/// Sine of `x + turn * π/2`.
#[inline(always)]
fn sine<const FMA: bool>(x: f64, turn: u64) -> f64 {
    let shifted = madd::<_, FMA>(x, std::f64::consts::FRAC_2_PI, MAGIC);
    let n = shifted - MAGIC;
    // π/2 in three parts, short enough for exact products up to 2^20 turns
    let r = madd::<_, FMA>(n, -1.570_796_326_734_125_6, x);
    let r = madd::<_, FMA>(n, -6.077_100_506_303_966e-11, r);
    let r = madd::<_, FMA>(n, -2.022_266_248_795_950_6e-21, r);
    let r = within!(r, -0.8, 0.8);
    let z = r * r;
    let s = polynomial!(FMA, z;
        -0.166_666_666_666_666_319_98, 0.008_333_333_333_322_408_205_6,
        -0.000_198_412_698_298_042_399_15, 2.755_731_369_085_698_738_4e-6,
        -2.505_075_796_876_032_063_4e-8, 1.589_678_801_434_242_461_6e-10);
    let s = madd::<_, FMA>(s, z * r, r);
    let c = polynomial!(FMA, z;
        0.041_666_666_666_666_599_472, -0.001_388_888_888_887_412_335_1,
        0.000_024_801_587_289_481_860_817, -2.755_731_435_224_720_533_6e-7,
        2.087_572_326_245_450_706_8e-9, -1.135_964_728_208_602_651_5e-11);
    let c = madd::<_, FMA>(c, z * z, madd::<_, FMA>(z, -0.5, 1.0));
    let quarter = shifted.to_bits().wrapping_add(turn);
    let value = if quarter & 1 == 0 { s } else { c };
    f64::from_bits(value.to_bits() ^ ((quarter & 2) << 62))
}

impl Elementary for f64 {
    #[inline(always)]
    fn exp<const FMA: bool>(self) -> f64 {
        let (r, shifted) = reduce::<FMA>(within!(self, -746.0, 710.0));
        let n = shifted - MAGIC;
        let p = 1.0 + exp_minus_one::<FMA>(r);
        // 2^n in two steps: neither overflows, and subnormal results are rounded once
        let half = madd::<_, FMA>(n, 0.5, MAGIC);
        let rest = (n - (half - MAGIC)) + MAGIC;
        p * power_of_two(half) * power_of_two(rest)
    }

    #[inline(always)]
    fn ln<const FMA: bool>(self) -> f64 {
        const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
        const TWO_52: f64 = 4_503_599_627_370_496.0;
        let tiny = self < f64::MIN_POSITIVE;
        let x = if tiny { self * TWO_52 } else { self };
        let offset = if tiny { TWO_52 + 1023.0 + 52.0 } else { TWO_52 + 1023.0 };
        // x = m 2^e with m in √½..√2; e goes through the low bits of 2^52
        let i = x.to_bits().wrapping_add(0x3ff0_0000_0000_0000 - ROOT_HALF);
        let e = f64::from_bits((i >> 52) | 0x4330_0000_0000_0000) - offset;
        let f = f64::from_bits((i & 0x000f_ffff_ffff_ffff) + ROOT_HALF) - 1.0;
        // ln(1+f) = f − s (f − R), s = f/(2+f); here f − f²/2 + s (f²/2 + R), as fdlibm has it
        let s = f / (2.0 + f);
        let z = s * s;
        let p = z * polynomial!(FMA, z;
            0.666_666_666_666_673_433_72, 0.399_999_999_994_153_250_97,
            0.285_714_287_422_308_792_03, 0.222_221_985_896_462_784_97,
            0.181_835_634_767_300_513_34, 0.153_140_717_552_100_532_22,
            0.147_957_450_111_613_656_88);
        let half = 0.5 * f * f;
        let low = madd::<_, FMA>(s, half + p, e * LN2_LOW);
        let y = madd::<_, FMA>(e, LN2_HIGH, f - (half - low));
        let y = if self < f64::INFINITY { y } else { self };
        let y = if self < 0.0 { f64::NAN } else { y };
        if self == 0.0 { f64::NEG_INFINITY } else { y }
    }

    #[inline(always)]
    fn tanh<const FMA: bool>(self) -> f64 {
        let x = self.abs();
        let x = if x > 20.0 { 20.0 } else { x };
        let (r, shifted) = reduce::<FMA>(x + x);
        let scale = power_of_two(shifted);
        let e = madd::<_, FMA>(scale, exp_minus_one::<FMA>(r), scale - 1.0);
        signed(e / (e + 2.0), self)
    }

    #[inline(always)]
    fn sigmoid<const FMA: bool>(self) -> f64 {
        1.0 / (1.0 + Elementary::exp::<FMA>(-self))
    }

    #[inline(always)]
    fn softplus<const FMA: bool>(self) -> f64 {
        let positive = if self > 0.0 { self } else { 0.0 };
        positive + ln_one_plus::<FMA>(Elementary::exp::<FMA>(-self.abs()))
    }

    #[inline(always)]
    fn sin<const FMA: bool>(self) -> f64 {
        sine::<FMA>(self, 0)
    }

    #[inline(always)]
    fn cos<const FMA: bool>(self) -> f64 {
        sine::<FMA>(self, 1)
    }

    #[inline(always)]
    fn erf<const FMA: bool>(self) -> f64 {
        let z = self * self;
        let near = self
            * polynomial!(FMA, z;
                1.128_379_167_095_512_565_6, -0.376_126_389_031_835_193_72,
                0.112_837_916_709_441_811_73, -0.026_866_170_643_111_284_665,
                0.005_223_977_606_119_373_146_7, -0.000_854_832_592_944_712_156_17,
                0.000_120_552_935_829_845_294_11, -0.000_014_924_712_451_423_833_297,
                1.644_713_373_879_184_368_5e-6, -1.620_633_237_478_319_566_3e-7,
                1.371_106_803_290_293_568_3e-8, -7.779_642_955_877_735_722_2e-10);
        // beyond 1: 1 − e^-x² (e^x² erfc x), the bracket a rational function of |x|
        let a = self.abs();
        let a = if a > 6.0 { 6.0 } else { a };
        let p = polynomial!(FMA, a;
            0.999_999_886_791_941_179_63, 1.390_633_527_030_073_724_9, 0.949_590_142_752_512_086_07,
            0.373_640_496_032_808_575_37, 0.084_361_953_085_508_754_723,
            0.008_932_264_115_803_755_863);
        let q = polynomial!(FMA, a;
            1.0, 2.519_011_501_666_462_532_5, 2.791_996_232_641_759_403_7,
            1.757_292_983_794_120_363_2, 0.670_236_038_654_353_490_36,
            0.149_523_765_545_829_578_41, 0.015_832_148_311_556_548_755);
        let far = 1.0 - Elementary::exp::<FMA>(-a * a) * p / q;
        if self.abs() < 1.0 { near } else { signed(far, self) }
    }
}
