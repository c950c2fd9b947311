//! The exponential of a matrix, and its adjoint.

use super::Error;
use crate::product::{Packed, accumulate_outer, padded};
use crate::{Isa, Kernel, Real, math};

/// `exp(A)` of an `n × n` matrix, row-major. [`Expm`] says how, and has the derivative.
///
/// ```
/// use attractor_numerics::linalg::expm;
/// let quarter = std::f64::consts::FRAC_PI_2;
/// let rotation = expm(&[0.0, -quarter, quarter, 0.0], 2)?;
/// assert!(rotation[0].abs() < 1e-14 && (rotation[2] - 1.0).abs() < 1e-14);
/// # Ok::<(), attractor_numerics::linalg::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`], [`Error::NotFinite`].
pub fn expm<T: Real>(a: &[T], n: usize) -> Result<Vec<T>, Error> {
    if n.checked_mul(n) != Some(a.len()) {
        return Err(Error::Shape { rows: n, columns: n, found: a.len() });
    }
    if let Some(at) = a.iter().position(|x| !x.is_finite()) {
        return Err(Error::NotFinite { row: at / n, column: at % n, value: a[at].to_f64() });
    }
    let mut exponential = Expm::new(Isa::best(), n);
    let mut out = vec![T::ZERO; a.len()];
    exponential.apply(a, &mut out);
    Ok(out)
}

/// The exponential of `n × n` matrices, with the room its products need.
///
/// `exp(A) ≈ T₈(A / 2ˢ)^(2ˢ)`: T₈ is the Taylor polynomial of degree 8, evaluated in three products
/// (Bader, Blanes & Casas 2019, doi:10.3390/math7121174); s is the smallest for which its
/// backward error is below the unit roundoff (`‖A‖ / 2ˢ ≤ 0.58` in f32, `0.0499` in f64, from the
/// series of `log(e⁻ᴬ T₈(A))`), with the norm bounded by those of A and A² (Al-Mohy & Higham 2009,
/// doi:10.1137/09074721X). There is no system to solve.
///
/// The adjoint ([`Expm::pull`]) is the reverse of these products, so it is the derivative of what was
/// computed: `⟨G, L(A, E)⟩ = ⟨pull(G), E⟩`, L the Fréchet derivative.
///
/// Costs `3 + s` products of `2 n³` operations forwards and twice as many backwards; memory for
/// `14 + s` matrices.
///
/// ```
/// use attractor_numerics::{Isa, linalg::Expm};
/// // d/da of the entry (0, 1) of exp [[a, 1], [0, 0]] = [[eᵃ, (eᵃ − 1)/a], [0, 1]] at a = 1 is 1
/// let mut exponential = Expm::<f64>::new(Isa::best(), 2);
/// let (mut value, mut slope) = ([0.0; 4], [0.0; 4]);
/// exponential.apply(&[1.0, 1.0, 0.0, 0.0], &mut value);
/// exponential.pull(&[0.0, 1.0, 0.0, 0.0], &mut slope);
/// assert!((value[1] - (1f64.exp() - 1.0)).abs() < 1e-14 && (slope[0] - 1.0).abs() < 1e-14);
/// ```
#[derive(Clone, Debug)]
pub struct Expm<T> {
    isa: Isa,
    n: usize,
    /// Distance of rows; columns beyond n are 0 in every matrix.
    ld: usize,
    packed: Packed<T>,
    /// `A / 2ˢ`, its square, and the factors of the other two products.
    a: Vec<T>,
    a2: Vec<T>,
    inner: Vec<T>,
    left: Vec<T>,
    right: Vec<T>,
    /// `T₈` and its squares up to the result.
    powers: Vec<Vec<T>>,
    squarings: usize,
    /// Cotangents.
    ga: Vec<T>,
    ga2: Vec<T>,
    ginner: Vec<T>,
    gleft: Vec<T>,
    gright: Vec<T>,
    g: Vec<T>,
    next: Vec<T>,
}

/// `T₈(A) = I + A + Y2 A² + (X3 A² + A₄)(X4 I + X5 A + X6 A² + X7 A₄)`, `A₄ = A² (X1 A + X2 A²)`.
const X1: f64 = 0.108_364_656_785_227_8;
const X2: f64 = 0.027_091_164_196_306_953;
const X3: f64 = 2.0 / 3.0;
const X4: f64 = 0.546_761_457_970_724_1;
const X5: f64 = 0.161_125_573_395_417_59;
const X6: f64 = 0.014_090_917_158_378_207;
const X7: f64 = 0.033_792_797_010_870_504;
const Y2: f64 = 0.135_492_361_352_850_63;

/// Largest norm at which T₈ is as good as the exponential.
fn largest_norm<T: Real>() -> f64 {
    if size_of::<T>() == 4 { 0.580_052 } else { 0.049_912_2 }
}

impl<T: Real> Expm<T> {
    /// Room for `n × n` matrices, for kernels of `isa` (or the best of this machine if that is less).
    pub fn new(isa: Isa, n: usize) -> Self {
        let ld = padded(n);
        let room = || vec![T::ZERO; n * ld];
        Expm {
            isa,
            n,
            ld,
            packed: Packed::new(isa, n, n),
            a: room(),
            a2: room(),
            inner: room(),
            left: room(),
            right: room(),
            powers: vec![room()],
            squarings: 0,
            ga: room(),
            ga2: room(),
            ginner: room(),
            gleft: room(),
            gright: room(),
            g: room(),
            next: room(),
        }
    }

    /// Writes `exp(a)`; both are `[n, n]`, row-major. What is not finite gives what is not finite.
    ///
    /// # Panics
    /// If `a` or `out` has another length.
    pub fn apply(&mut self, a: &[T], out: &mut [T]) {
        let Expm { isa, n, ld, .. } = *self;
        if n == 0 {
            return;
        }
        spread(a, &mut self.a, n, ld);
        let norm = self.norm(&self.a);
        let mut squarings = squarings::<T>(norm);
        let scale = |s: usize| T::from_f64((-(s as f64)).exp2());
        scale_by(isa, &mut self.a, scale(squarings));
        let Expm { a, a2, packed, .. } = self;
        times(packed, a, a, ld, n, a2);
        // ‖A³‖^(1/3) ≤ (‖A²‖ ‖A‖)^(1/3): non-negative matrices of spectral radius 1 are often near 1
        let (first, second) = (self.norm(&self.a), self.norm(&self.a2));
        let bound = second.sqrt().max((second * first).cbrt());
        let spare = (largest_norm::<T>() / bound).log2().floor();
        if squarings > 0 && spare >= 1.0 {
            let spare = squarings.min(spare as usize);
            squarings -= spare;
            let back = (spare as f64).exp2();
            scale_by(isa, &mut self.a, T::from_f64(back));
            scale_by(isa, &mut self.a2, T::from_f64(back * back));
        }
        self.squarings = squarings;
        while self.powers.len() <= squarings {
            self.powers.push(vec![T::ZERO; n * ld]);
        }
        let Expm { a, a2, inner, left, right, packed, powers, .. } = self;
        combine(isa, inner, [(X1, &*a), (X2, a2)]);
        // A₄ is wanted in both factors
        times(packed, a2, inner, ld, n, left);
        combine(isa, right, [(X5, &*a), (X6, a2), (X7, left)]);
        add_combined(isa, left, [(X3, &*a2)]);
        add_identity(right, n, ld, T::from_f64(X4));
        times(packed, left, right, ld, n, &mut powers[0]);
        add_combined(isa, &mut powers[0], [(1.0, &*a), (Y2, a2)]);
        add_identity(&mut powers[0], n, ld, T::ONE);
        for k in 0..squarings {
            let (done, next) = powers.split_at_mut(k + 1);
            times(packed, &done[k], &done[k], ld, n, &mut next[0]);
        }
        gather(&powers[squarings], out, n, ld);
    }

    /// Writes the cotangent of the matrix last given to [`apply`](Expm::apply), from the cotangent `g` of
    /// its exponential; both are `[n, n]`, row-major.
    ///
    /// # Panics
    /// If `g` or `out` has another length.
    pub fn pull(&mut self, g: &[T], out: &mut [T]) {
        let Expm { isa, n, ld, squarings, .. } = *self;
        if n == 0 {
            return;
        }
        spread(g, &mut self.g, n, ld);
        let Expm { packed, powers, a, a2, inner, left, right, .. } = self;
        let (g, next) = (&mut self.g, &mut self.next);
        for power in powers[..squarings].iter().rev() {
            times_transposed(packed, g, power, ld, n, next, false);
            accumulate_outer(isa, next, ld, power, ld, n, g, ld, n, n);
            std::mem::swap(g, next);
        }
        let Expm { ga, ga2, ginner, gleft, gright, .. } = self;
        times_transposed(packed, g, right, ld, n, gleft, false);
        gright.fill(T::ZERO);
        accumulate_outer(isa, gright, ld, left, ld, n, g, ld, n, n);
        combine(isa, ga, [(1.0, &*g), (X5, gright)]);
        combine(isa, ga2, [(Y2, &*g), (X3, gleft), (X6, gright)]);
        // from here on the cotangent of A₄
        add_combined(isa, gleft, [(X7, &*gright)]);
        times_transposed(packed, gleft, inner, ld, n, ga2, true);
        ginner.fill(T::ZERO);
        accumulate_outer(isa, ginner, ld, a2, ld, n, gleft, ld, n, n);
        add_combined(isa, ga, [(X1, &*ginner)]);
        add_combined(isa, ga2, [(X2, &*ginner)]);
        times_transposed(packed, ga2, a, ld, n, ga, true);
        accumulate_outer(isa, ga, ld, a, ld, n, ga2, ld, n, n);
        scale_by(isa, ga, T::from_f64((-(squarings as f64)).exp2()));
        gather(ga, out, n, ld);
    }

    /// The largest sum of absolute values over a column.
    fn norm(&self, a: &[T]) -> f64 {
        let mut sums = vec![T::ZERO; self.ld];
        for row in a.chunks_exact(self.ld) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x.abs());
        }
        sums.iter().fold(0.0, |most, sum| if sum.to_f64() <= most { most } else { sum.to_f64() })
    }
}

/// Halvings that bring a norm to where T₈ is good enough.
fn squarings<T: Real>(norm: f64) -> usize {
    let halvings = (norm / largest_norm::<T>()).log2().ceil();
    if halvings.is_finite() { halvings.max(0.0) as usize } else { 0 }
}

/// `out = a b`
fn times<T: Real>(packed: &mut Packed<T>, a: &[T], b: &[T], ld: usize, n: usize, out: &mut [T]) {
    packed.pack_transposed(b, ld);
    packed.multiply(a, ld, n, out, ld, T::ONE, false);
}

/// `out (+)= a bᵀ`
fn times_transposed<T: Real>(
    packed: &mut Packed<T>,
    a: &[T],
    b: &[T],
    ld: usize,
    n: usize,
    out: &mut [T],
    accumulate: bool,
) {
    packed.pack(b, ld);
    packed.multiply(a, ld, n, out, ld, T::ONE, accumulate);
}

/// Rows of `n` values to rows `ld` apart.
fn spread<T: Real>(from: &[T], to: &mut [T], n: usize, ld: usize) {
    assert_eq!(from.len(), n * n, "a matrix of {n} × {n}");
    for (from, to) in from.chunks_exact(n).zip(to.chunks_exact_mut(ld)) {
        to[..n].copy_from_slice(from);
    }
}

/// Rows `ld` apart to rows of `n` values.
fn gather<T: Real>(from: &[T], to: &mut [T], n: usize, ld: usize) {
    assert_eq!(to.len(), n * n, "a matrix of {n} × {n}");
    for (from, to) in from.chunks_exact(ld).zip(to.chunks_exact_mut(n)) {
        to.copy_from_slice(&from[..n]);
    }
}

fn add_identity<T: Real>(a: &mut [T], n: usize, ld: usize, factor: T) {
    (0..n).for_each(|i| a[i * ld + i] += factor);
}

fn scale_by<T: Real>(isa: Isa, out: &mut [T], factor: T) {
    struct Scale<'a, T>(&'a mut [T], T);
    impl<T: Real> Kernel for Scale<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<const FMA: bool>(self) {
            for x in self.0.iter_mut() {
                *x *= self.1;
            }
        }
    }
    if factor != T::ONE {
        isa.run(Scale(out, factor));
    }
}

/// `out = Σ c_k M_k`
fn combine<T: Real, const K: usize>(isa: Isa, out: &mut [T], terms: [(f64, &Vec<T>); K]) {
    isa.run(Sum::<T, K, false> { out, terms });
}

/// `out += Σ c_k M_k`
fn add_combined<T: Real, const K: usize>(isa: Isa, out: &mut [T], terms: [(f64, &Vec<T>); K]) {
    isa.run(Sum::<T, K, true> { out, terms });
}

struct Sum<'a, T, const K: usize, const ADD: bool> {
    out: &'a mut [T],
    terms: [(f64, &'a Vec<T>); K],
}

impl<T: Real, const K: usize, const ADD: bool> Kernel for Sum<'_, T, K, ADD> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let n = self.out.len();
        let factors = self.terms.map(|(factor, _)| T::from_f64(factor));
        let terms = self.terms.map(|(_, matrix)| &matrix[..n]);
        let out = &mut self.out[..n];
        for i in 0..n {
            let mut sum = if ADD { out[i] } else { T::ZERO };
            for k in 0..K {
                sum = math::madd::<T, FMA>(factors[k], terms[k][i], sum);
            }
            out[i] = sum;
        }
    }
}
