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

    /// This instruction set, or the best of this machine if that is less.
    #[inline]
    pub fn supported(self) -> Isa {
        self.min(Self::detect())
    }

    /// What this machine has, asked once: every kernel asks.
    #[inline]
    fn detect() -> Isa {
        static FOUND: OnceLock<Isa> = OnceLock::new();
        *FOUND.get_or_init(Self::ask)
    }

    #[cfg(target_arch = "x86_64")]
    fn ask() -> Isa {
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl");
        let avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi2");
        match (avx512 && avx2, avx2) {
            (true, _) => Isa::Avx512,
            (_, true) => Isa::Avx2,
            _ => Isa::Portable,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn ask() -> Isa {
        Isa::Portable
    }
}

/// A computation compiled once for every instruction set.
///
/// [`Isa::run`] inlines [`run`](Kernel::run) into a function built for the instruction set. Mark it,
/// and everything it calls that has loops in it, `#[inline(always)]`: what is not inlined is compiled
/// for the baseline. Closures handed to iterator adaptors are often not inlined; write loops.
pub trait Kernel {
    /// What comes out.
    type Output;

    /// The computation; `FMA` says whether [`math::madd`](crate::math::madd) is to fuse.
    fn run<const FMA: bool>(self) -> Self::Output;
}

impl Isa {
    /// Runs a kernel compiled for this instruction set, or for the best this machine has if that is less.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi2")]
            fn avx512<K: Kernel>(kernel: K) -> K::Output {
                kernel.run::<true>()
            }
            #[target_feature(enable = "avx2,fma,bmi2")]
            fn avx2<K: Kernel>(kernel: K) -> K::Output {
                kernel.run::<true>()
            }
            match self.supported() {
                // SAFETY: just detected (the standard library keeps the answer)
                Isa::Avx512 => return unsafe { avx512(kernel) },
                // SAFETY: as above
                Isa::Avx2 => return unsafe { avx2(kernel) },
                Isa::Portable => {}
            }
        }
        kernel.run::<false>()
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
