//! Running a program over blocks of units that stay in the first-level cache.
//!
//! Each operation is one loop over chunks of 16 lanes, loaded into a local array, computed and
//! stored. The loops are compiled three times, for AVX-512, AVX2 with FMA and the baseline.

use std::collections::BTreeMap;

use attractor_numerics::{Isa, Real, math};

use crate::graph::{Binary, Leaf, Unary, Variable};
use crate::program::{Code, Instruction, Operand, Program};

/// Chunk of a loop; streams are padded to a multiple of it.
pub(crate) const LANES: usize = 16;
/// Most blocks of one program.
const MAX_BLOCKS: usize = 64;
/// Bytes of all blocks of one program together: most of a first-level cache.
const CACHE: usize = 24 * 1024;

/// A program made ready for one population: instruction set, layout, and what depends on parameters.
///
/// Streams are rows of `ld` units (the row count is that of the call), units contiguous.
#[derive(Clone, Debug)]
pub struct Kernel<T> {
    program: Program,
    isa: Isa,
    ld: usize,
    block: usize,
    scalars: Vec<T>,
    tiles: Vec<Vec<T>>,
    per_unit: Option<Box<Kernel<T>>>,
}

/// Temporaries of [`Kernel::run`], one per thread.
#[derive(Clone, Debug, Default)]
pub struct Scratch<T> {
    temporaries: Vec<T>,
}

impl<T: Real> Kernel<T> {
    /// Prepares a program for rows of `ld` units, a multiple of 16.
    ///
    /// # Panics
    /// If `ld` is no multiple of 16, or the program has more than 64 blocks.
    pub fn new(program: Program, isa: Isa, ld: usize) -> Self {
        assert!(ld.is_multiple_of(LANES) && ld > 0, "leading dimension {ld} is not padded");
        let tiles = program.per_unit.as_ref().map_or(0, |p| p.outputs);
        let blocks = program.inputs.len() + tiles + program.outputs + program.temporaries;
        assert!(blocks <= MAX_BLOCKS, "a neuron with {blocks} streams");
        let fits = CACHE / (blocks.max(1) * size_of::<T>()) / LANES * LANES;
        let largest = fits.clamp(4 * LANES, 512);
        let block = if tiles > 0 && ld <= largest { largest / ld * ld } else { largest };
        let per_unit =
            program.per_unit.clone().map(|program| Box::new(Kernel::new(*program, isa, ld)));
        let scalars = vec![T::ZERO; program.scalars.len()];
        let period = if ld <= largest { block } else { ld };
        let tiles = vec![vec![T::ZERO; period]; tiles];
        Kernel { program, isa, ld, block, scalars, tiles, per_unit }
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Computes what depends on parameters alone. `param(k)` is one value, or one value per unit
    /// (at most `ld`; what is missing repeats the first). `partial` streams are never constant.
    pub fn set<'p>(&mut self, dt: f64, param: impl Fn(usize) -> &'p [T] + Copy) {
        let value = |leaf| match leaf {
            Leaf::Dt => dt,
            Leaf::Value(Variable::Param(k)) => param(k)[0].to_f64(),
            _ => f64::NAN,
        };
        for (scalar, &id) in self.scalars.iter_mut().zip(&self.program.scalars) {
            *scalar = T::from_f64(self.program.graph.evaluate(id, value));
        }
        let Some(kernel) = &mut self.per_unit else { return };
        kernel.set(dt, param);
        let mut padded: BTreeMap<usize, Vec<T>> = BTreeMap::new();
        for leaf in kernel.program.inputs.clone() {
            if let Leaf::Value(Variable::Param(k)) = leaf {
                let mut row = param(k).to_vec();
                row.resize(self.ld, param(k)[0]);
                padded.insert(k, row);
            }
        }
        let inputs: Vec<&[T]> = padded.values().map(Vec::as_slice).collect();
        let mut rows = vec![vec![T::ZERO; self.ld]; self.tiles.len()];
        let mut outputs: Vec<&mut [T]> = rows.iter_mut().map(Vec::as_mut_slice).collect();
        kernel.run(&mut Scratch::default(), &inputs, &mut outputs);
        for (tile, row) in self.tiles.iter_mut().zip(&rows) {
            for part in tile.chunks_mut(self.ld) {
                part.copy_from_slice(&row[..part.len()]);
            }
        }
    }

    /// Runs the body: `inputs` in the order of [`Program::inputs`], `outputs` in the order of the
    /// function, all of one length, a whole number of rows.
    ///
    /// # Panics
    /// If the number of streams or their lengths do not fit.
    pub fn run(&self, scratch: &mut Scratch<T>, inputs: &[&[T]], outputs: &mut [&mut [T]]) {
        let program = &self.program;
        let length = outputs.first().map_or(0, |stream| stream.len());
        assert!(inputs.len() == program.inputs.len() && outputs.len() == program.outputs);
        assert!(length.is_multiple_of(self.ld), "{length} is no whole number of rows");
        assert!(inputs.iter().all(|stream| stream.len() == length), "streams differ in length");
        assert!(outputs.iter().all(|stream| stream.len() == length), "streams differ in length");
        scratch.temporaries.resize(program.temporaries * (self.block + LANES), T::ZERO);

        // blocks: inputs, constants per unit, outputs, temporaries
        let mut base = [std::ptr::null_mut::<T>(); MAX_BLOCKS];
        let (first_tile, first_output) = (inputs.len(), inputs.len() + self.tiles.len());
        let first_temporary = first_output + outputs.len();
        for (slot, stream) in base.iter_mut().zip(inputs) {
            *slot = stream.as_ptr().cast_mut();
        }
        for (slot, tile) in base[first_tile..].iter_mut().zip(&self.tiles) {
            *slot = tile.as_ptr().cast_mut();
        }
        for (slot, stream) in base[first_output..].iter_mut().zip(outputs.iter_mut()) {
            *slot = stream.as_mut_ptr();
        }
        let parts = scratch.temporaries.chunks_mut(self.block + LANES);
        for (slot, part) in base[first_temporary..].iter_mut().zip(parts) {
            *slot = part.as_mut_ptr();
        }
        let job = Job {
            body: &program.body,
            base,
            scalars: self.scalars.as_ptr(),
            tiles: first_tile..first_output,
            first_temporary,
            blocks: first_temporary + program.temporaries,
            length,
            block: self.block,
            period: self.tiles.first().map_or(usize::MAX, Vec::len),
        };
        self.isa.run(job);
    }
}

/// One call of a kernel: where everything is.
struct Job<'a, T> {
    body: &'a [Instruction],
    base: [*mut T; MAX_BLOCKS],
    scalars: *const T,
    tiles: std::ops::Range<usize>,
    first_temporary: usize,
    blocks: usize,
    length: usize,
    block: usize,
    period: usize,
}

impl<T: Real> attractor_numerics::Kernel for Job<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        // SAFETY: streams hold `length` values, temporaries `block`, tiles `period`; inputs and outputs
        // are distinct slices.
        unsafe { run_body::<T, FMA>(&self) }
    }
}

#[inline(always)]
unsafe fn run_body<T: Real, const FMA: bool>(job: &Job<'_, T>) {
    let mut at = 0;
    while at < job.length {
        let in_period = at % job.period;
        let n = job.block.min(job.length - at).min(job.period - in_period);
        let mut blocks = job.base;
        for (k, block) in blocks[..job.blocks].iter_mut().enumerate() {
            if k < job.first_temporary {
                // SAFETY: within the stream (or the tile)
                *block = unsafe { block.add(if job.tiles.contains(&k) { in_period } else { at }) };
            }
        }
        for instruction in job.body {
            // SAFETY: every block holds n values, n is a multiple of LANES
            unsafe { execute::<T, FMA>(instruction, &blocks, job.scalars, n) }
        }
        at += n;
    }
}

#[inline(always)]
unsafe fn execute<T: Real, const FMA: bool>(
    instruction: &Instruction,
    blocks: &[*mut T; MAX_BLOCKS],
    scalars: *const T,
    n: usize,
) {
    let d = blocks[instruction.target];
    let place = |k: usize| -> (*const T, bool) {
        match instruction.arguments[k] {
            Operand::Block(block) => (blocks[block].cast_const(), false),
            // SAFETY: the compiler numbered the scalars
            Operand::Scalar(scalar) => (unsafe { scalars.add(scalar) }, true),
        }
    };
    let (a, b, c) = (place(0), place(1), place(2));
    // SAFETY: as the caller's
    unsafe {
        match instruction.code {
            Code::Copy => each1(d, a, n, |x| x),
            Code::Unary(op) => match op {
                Unary::Neg => each1(d, a, n, |x: T| -x),
                Unary::Abs => each1(d, a, n, |x: T| x.abs()),
                Unary::Exp => each1(d, a, n, math::exp::<T, FMA>),
                Unary::Ln => each1(d, a, n, math::ln::<T, FMA>),
                Unary::Sqrt => each1(d, a, n, |x: T| x.sqrt()),
                Unary::Tanh => each1(d, a, n, math::tanh::<T, FMA>),
                Unary::Sigmoid => each1(d, a, n, math::sigmoid::<T, FMA>),
                Unary::Softplus => each1(d, a, n, math::softplus::<T, FMA>),
                Unary::Sin => each1(d, a, n, math::sin::<T, FMA>),
                Unary::Cos => each1(d, a, n, math::cos::<T, FMA>),
                Unary::Erf => each1(d, a, n, math::erf::<T, FMA>),
            },
            Code::Binary(op) => match op {
                Binary::Add => each2(d, a, b, n, |x: T, y: T| x + y),
                Binary::Sub => each2(d, a, b, n, |x: T, y: T| x - y),
                Binary::Mul => each2(d, a, b, n, |x: T, y: T| x * y),
                Binary::Div => each2(d, a, b, n, |x: T, y: T| x / y),
                // a NaN passes through: it must be seen, not replaced
                Binary::Max => each2(d, a, b, n, |x: T, y: T| if y > x { y } else { x }),
                Binary::Min => each2(d, a, b, n, |x: T, y: T| if y < x { y } else { x }),
                Binary::Gt => each2(d, a, b, n, |x: T, y: T| if x > y { T::ONE } else { T::ZERO }),
            },
            Code::Select => each3(d, a, b, c, n, |k: T, x: T, y: T| if k > T::ZERO { x } else { y }),
            Code::MulAdd => each3(d, a, b, c, n, |x: T, y: T, z: T| math::madd::<T, FMA>(x, y, z)),
            Code::MulSub => each3(d, a, b, c, n, |x: T, y: T, z: T| math::madd::<T, FMA>(x, y, -z)),
            Code::NegMulAdd => {
                each3(d, a, b, c, n, |x: T, y: T, z: T| math::madd::<T, FMA>(-x, y, z));
            }
        }
    }
}

/// An argument: its address, and whether it is a single number.
type Argument<T> = (*const T, bool);

#[inline(always)]
unsafe fn load<T: Real, const SCALAR: bool>(p: *const T, i: usize) -> [T; LANES] {
    // SAFETY: a scalar is one readable value, a block holds LANES values from i on
    unsafe { if SCALAR { [*p; LANES] } else { p.add(i).cast::<[T; LANES]>().read() } }
}

#[inline(always)]
unsafe fn each1<T: Real>(d: *mut T, a: Argument<T>, n: usize, f: impl Fn(T) -> T) {
    // SAFETY: as the caller's
    unsafe {
        if a.1 {
            loop1::<T, true>(d, a.0, n, f);
        } else {
            loop1::<T, false>(d, a.0, n, f);
        }
    }
}

#[inline(always)]
unsafe fn loop1<T: Real, const A: bool>(d: *mut T, a: *const T, n: usize, f: impl Fn(T) -> T) {
    for i in (0..n).step_by(LANES) {
        // SAFETY: as the caller's
        unsafe {
            let x = load::<T, A>(a, i);
            let mut y = [T::ZERO; LANES];
            for lane in 0..LANES {
                y[lane] = f(x[lane]);
            }
            d.add(i).cast::<[T; LANES]>().write(y);
        }
    }
}

#[inline(always)]
unsafe fn each2<T: Real>(
    d: *mut T,
    a: Argument<T>,
    b: Argument<T>,
    n: usize,
    f: impl Fn(T, T) -> T,
) {
    // SAFETY: as the caller's
    unsafe {
        match (a.1, b.1) {
            (false, false) => loop2::<T, false, false>(d, a.0, b.0, n, f),
            (false, true) => loop2::<T, false, true>(d, a.0, b.0, n, f),
            (true, false) => loop2::<T, true, false>(d, a.0, b.0, n, f),
            (true, true) => loop2::<T, true, true>(d, a.0, b.0, n, f),
        }
    }
}

#[inline(always)]
unsafe fn loop2<T: Real, const A: bool, const B: bool>(
    d: *mut T,
    a: *const T,
    b: *const T,
    n: usize,
    f: impl Fn(T, T) -> T,
) {
    for i in (0..n).step_by(LANES) {
        // SAFETY: as the caller's
        unsafe {
            let (x, y) = (load::<T, A>(a, i), load::<T, B>(b, i));
            let mut z = [T::ZERO; LANES];
            for lane in 0..LANES {
                z[lane] = f(x[lane], y[lane]);
            }
            d.add(i).cast::<[T; LANES]>().write(z);
        }
    }
}

#[inline(always)]
unsafe fn each3<T: Real>(
    d: *mut T,
    a: Argument<T>,
    b: Argument<T>,
    c: Argument<T>,
    n: usize,
    f: impl Fn(T, T, T) -> T,
) {
    // SAFETY: as the caller's
    unsafe {
        match (a.1, b.1, c.1) {
            (false, false, false) => loop3::<T, false, false, false>(d, a.0, b.0, c.0, n, f),
            (false, false, true) => loop3::<T, false, false, true>(d, a.0, b.0, c.0, n, f),
            (false, true, false) => loop3::<T, false, true, false>(d, a.0, b.0, c.0, n, f),
            (false, true, true) => loop3::<T, false, true, true>(d, a.0, b.0, c.0, n, f),
            (true, false, false) => loop3::<T, true, false, false>(d, a.0, b.0, c.0, n, f),
            (true, false, true) => loop3::<T, true, false, true>(d, a.0, b.0, c.0, n, f),
            // something varies: the first two are scalars only where the third is a block
            (true, true, _) => loop3::<T, true, true, false>(d, a.0, b.0, c.0, n, f),
        }
    }
}

#[inline(always)]
unsafe fn loop3<T: Real, const A: bool, const B: bool, const C: bool>(
    d: *mut T,
    a: *const T,
    b: *const T,
    c: *const T,
    n: usize,
    f: impl Fn(T, T, T) -> T,
) {
    for i in (0..n).step_by(LANES) {
        // SAFETY: as the caller's
        unsafe {
            let (x, y, z) = (load::<T, A>(a, i), load::<T, B>(b, i), load::<T, C>(c, i));
            let mut w = [T::ZERO; LANES];
            for lane in 0..LANES {
                w[lane] = f(x[lane], y[lane], z[lane]);
            }
            d.add(i).cast::<[T; LANES]>().write(w);
        }
    }
}
