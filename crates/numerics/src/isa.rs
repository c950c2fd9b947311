//! Which instruction set the kernels use, detected when the program runs.

use std::fmt;
use std::sync::OnceLock;

/// Instruction sets with kernels of their own. A baseline build carries all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// What every machine of the architecture has; products and sums are rounded apart.
    Portable,
    /// AVX2 with fused multiply-add, 8 single-precision lanes.
    Avx2,
    /// AVX-512 (F, DQ, BW, VL), 16 single-precision lanes.
    Avx512,
}

impl Isa {
    /// All instruction sets this machine can run, the best last.
    pub fn available() -> Vec<Isa> {
        let best = Self::detect();
        [Isa::Portable, Isa::Avx2, Isa::Avx512].into_iter().filter(|&isa| isa <= best).collect()
    }

    /// The best instruction set of this machine, at most what the environment variable
    /// `ATTRACTOR_ISA` (`portable`, `avx2` or `avx512`) asks for.
    pub fn best() -> Isa {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| {
            let asked = match std::env::var("ATTRACTOR_ISA").as_deref() {
                Ok("portable") => Isa::Portable,
                Ok("avx2") => Isa::Avx2,
                _ => Isa::Avx512,
            };
            Self::detect().min(asked)
        })
    }

    #[cfg(target_arch = "x86_64")]
    fn detect() -> Isa {
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl");
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        match (avx512 && avx2, avx2) {
            (true, _) => Isa::Avx512,
            (_, true) => Isa::Avx2,
            _ => Isa::Portable,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn detect() -> Isa {
        Isa::Portable
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Isa::Portable => "portable",
            Isa::Avx2 => "avx2+fma",
            Isa::Avx512 => "avx512",
        })
    }
}
