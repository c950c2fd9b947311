//! Running a program over blocks of units that stay in the first-level cache.
//!
//! Each operation is one loop that the compiler vectorises, for AVX-512, AVX2 with FMA and the
//! baseline alike: its target is a block of its own, so nothing it reads can change under it.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::slice;

use attractor_numerics::{Isa, Real, math};

use crate::graph::{Binary, Leaf, Unary, Variable};
use crate::program::{Code, Instruction, Operand, Program};

/// Streams are padded to a multiple of this.
pub(crate) const LANES: usize = 16;
/// Most blocks of one program.
const MAX_BLOCKS: usize = 128;
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
    /// If `ld` is no multiple of 16, or the program has more than 128 blocks.
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
        assert!(inputs.len() == self.program.inputs.len() && outputs.len() == self.program.outputs);
        let mut call = self.call(outputs.first().map_or(0, |stream| stream.len()));
        inputs.iter().enumerate().for_each(|(k, stream)| call.place(k, stream));
        outputs.iter_mut().enumerate().for_each(|(k, stream)| call.write(k, stream));
        call.run(scratch);
    }

    /// A call for streams of `length` values, a whole number of rows, which are handed to it one by one:
    /// a step of a few units takes less time than lists of its streams.
    ///
    /// # Panics
    /// If `length` is no whole number of rows.
    pub fn call(&self, length: usize) -> Call<'_, '_, T> {
        assert!(length.is_multiple_of(self.ld), "{length} is no whole number of rows");
        let base = [std::ptr::null_mut(); MAX_BLOCKS];
        Call { kernel: self, length, base, streams: PhantomData }
    }
}

/// Where the streams of one run of a kernel are; see [`Kernel::call`].
pub struct Call<'k, 's, T> {
    kernel: &'k Kernel<T>,
    length: usize,
    /// Blocks: inputs, constants per unit, outputs, temporaries.
    base: [*mut T; MAX_BLOCKS],
    streams: PhantomData<&'s mut [T]>,
}

impl<'s, T: Real> Call<'_, 's, T> {
    /// The stream of an input; one that the program does not read is left aside.
    ///
    /// # Panics
    /// If its length is not that of the call.
    #[inline]
    pub fn read(&mut self, leaf: Leaf, stream: &'s [T]) {
        if let Some(k) = self.kernel.program.inputs.iter().position(|input| *input == leaf) {
            self.place(k, stream);
        }
    }

    #[inline]
    fn place(&mut self, k: usize, stream: &'s [T]) {
        assert!(stream.len() == self.length, "streams differ in length");
        self.base[k] = stream.as_ptr().cast_mut();
    }

    /// The stream of output `k`, in the order of the function.
    ///
    /// # Panics
    /// If there is no such output, or its length is not that of the call.
    #[inline]
    pub fn write(&mut self, k: usize, stream: &'s mut [T]) {
        assert!(stream.len() == self.length, "streams differ in length");
        assert!(k < self.kernel.program.outputs, "there is no output {k}");
        self.base[self.kernel.first_output() + k] = stream.as_mut_ptr();
    }

    /// Runs the body.
    ///
    /// # Panics
    /// If a stream was not handed over.
    pub fn run(mut self, scratch: &mut Scratch<T>) {
        let Kernel { program, isa, block, tiles, scalars, .. } = self.kernel;
        let (first_tile, first_output) = (program.inputs.len(), self.kernel.first_output());
        let first_temporary = first_output + program.outputs;
        for (k, tile) in tiles.iter().enumerate() {
            self.base[first_tile + k] = tile.as_ptr().cast_mut();
        }
        let complete = self.base[..first_temporary].iter().all(|stream| !stream.is_null());
        assert!(complete, "a stream is missing");
        let room = program.temporaries * (block + LANES);
        if scratch.temporaries.len() < room {
            scratch.temporaries.resize(room, T::ZERO);
        }
        for k in 0..program.temporaries {
            let part = &mut scratch.temporaries[k * (block + LANES)..];
            self.base[first_temporary + k] = part.as_mut_ptr();
        }
        let job = Job {
            body: &program.body,
            base: &self.base[..first_temporary + program.temporaries],
            scalars: scalars.as_ptr(),
            tiles: first_tile..first_output,
            first_temporary,
            length: self.length,
            block: *block,
            period: tiles.first().map_or(usize::MAX, Vec::len),
        };
        run(*isa, job);
    }
}

impl<T> Kernel<T> {
    fn first_output(&self) -> usize {
        self.program.inputs.len() + self.tiles.len()
    }
}

/// Runs a job in its precision. The two are concrete functions: generic ones would be compiled again,
/// for every instruction set, in every crate that has a network.
fn run<T: Real>(isa: Isa, job: Job<'_, T>) {
    if T::NAME == f32::NAME { run_f32(isa, job.cast()) } else { run_f64(isa, job.cast()) }
}

fn run_f32(isa: Isa, job: Job<'_, f32>) {
    isa.run(job);
}

fn run_f64(isa: Isa, job: Job<'_, f64>) {
    isa.run(job);
}

/// One call of a kernel: where everything is.
struct Job<'a, T> {
    body: &'a [Instruction],
    /// Where streams, tiles and temporaries begin.
    base: &'a [*mut T],
    scalars: *const T,
    tiles: std::ops::Range<usize>,
    first_temporary: usize,
    length: usize,
    block: usize,
    period: usize,
}

impl<'a, T> Job<'a, T> {
    /// The same call, `T` by its other name.
    fn cast<U>(self) -> Job<'a, U> {
        let Job { body, base, scalars, tiles, first_temporary, length, block, period } = self;
        // SAFETY: pointers are pointers, and T is U
        let base = unsafe { slice::from_raw_parts(base.as_ptr().cast(), base.len()) };
        Job { body, base, scalars: scalars.cast(), tiles, first_temporary, length, block, period }
    }
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
        for instruction in job.body {
            // SAFETY: every block holds n values, n is a multiple of LANES
            unsafe { execute::<T, FMA>(instruction, job, at, in_period, n) }
        }
        at += n;
    }
}

impl<T> Job<'_, T> {
    /// Where a block is, for the units from `at` on.
    #[inline(always)]
    unsafe fn block(&self, block: usize, at: usize, in_period: usize) -> *mut T {
        let offset = match block {
            temporary if temporary >= self.first_temporary => 0,
            tile if self.tiles.contains(&tile) => in_period,
            _ => at,
        };
        // SAFETY: within the stream, or the tile
        unsafe { self.base[block].add(offset) }
    }
}

/// One argument of an operation.
#[derive(Clone, Copy)]
enum Argument<'a, T> {
    Block(&'a [T]),
    Scalar(T),
}

#[inline(always)]
unsafe fn execute<T: Real, const FMA: bool>(
    instruction: &Instruction,
    job: &Job<'_, T>,
    at: usize,
    in_period: usize,
    n: usize,
) {
    // SAFETY: as the caller's
    let block = |block| unsafe { job.block(block, at, in_period) };
    // SAFETY: the target is none of the arguments
    let d = unsafe { slice::from_raw_parts_mut(block(instruction.target), n) };
    let argument = |k: usize| match instruction.arguments[k] {
        // SAFETY: every block holds n values
        Operand::Block(k) => Argument::Block(unsafe { slice::from_raw_parts(block(k), n) }),
        // SAFETY: the compiler numbered the scalars
        Operand::Scalar(scalar) => Argument::Scalar(unsafe { *job.scalars.add(scalar) }),
    };
    let (a, b, c) = (argument(0), argument(1), argument(2));
    match instruction.code {
        Code::Copy => each1(d, a, |x| x),
        Code::Unary(op) => match op {
            Unary::Neg => each1(d, a, |x: T| -x),
            Unary::Abs => each1(d, a, |x: T| x.abs()),
            Unary::Exp => each1(d, a, math::exp::<T, FMA>),
            Unary::Ln => each1(d, a, math::ln::<T, FMA>),
            Unary::Sqrt => each1(d, a, |x: T| x.sqrt()),
            Unary::Tanh => each1(d, a, math::tanh::<T, FMA>),
            Unary::Sigmoid => each1(d, a, math::sigmoid::<T, FMA>),
            Unary::Softplus => each1(d, a, math::softplus::<T, FMA>),
            Unary::Sin => each1(d, a, math::sin::<T, FMA>),
            Unary::Cos => each1(d, a, math::cos::<T, FMA>),
            Unary::Erf => each1(d, a, math::erf::<T, FMA>),
        },
        Code::Binary(op) => match op {
            Binary::Add => each2(d, a, b, |x: T, y: T| x + y),
            Binary::Sub => each2(d, a, b, |x: T, y: T| x - y),
            Binary::Mul => each2(d, a, b, |x: T, y: T| x * y),
            Binary::Div => each2(d, a, b, |x: T, y: T| x / y),
            // a NaN passes through: it must be seen, not replaced
            Binary::Max => each2(d, a, b, |x: T, y: T| if y > x { y } else { x }),
            Binary::Min => each2(d, a, b, |x: T, y: T| if y < x { y } else { x }),
            Binary::Gt => each2(d, a, b, |x: T, y: T| if x > y { T::ONE } else { T::ZERO }),
        },
        Code::Select => each3(d, a, b, c, |k: T, x: T, y: T| if k > T::ZERO { x } else { y }),
        Code::MulAdd => each3(d, a, b, c, |x: T, y: T, z: T| math::madd::<T, FMA>(x, y, z)),
        Code::MulSub => each3(d, a, b, c, |x: T, y: T, z: T| math::madd::<T, FMA>(x, y, -z)),
        Code::NegMulAdd => each3(d, a, b, c, |x: T, y: T, z: T| math::madd::<T, FMA>(-x, y, z)),
    }
}

#[inline(always)]
fn each1<T: Real>(d: &mut [T], a: Argument<'_, T>, f: impl Fn(T) -> T) {
    match a {
        Argument::Block(a) => map1(d, a, f),
        Argument::Scalar(x) => d.fill(f(x)),
    }
}

#[inline(always)]
fn each2<T: Real>(d: &mut [T], a: Argument<'_, T>, b: Argument<'_, T>, f: impl Fn(T, T) -> T) {
    match (a, b) {
        (Argument::Block(a), Argument::Block(b)) => map2(d, a, b, f),
        (Argument::Block(a), Argument::Scalar(y)) => map1(d, a, |x| f(x, y)),
        (Argument::Scalar(x), b) => each1(d, b, |y| f(x, y)),
    }
}

#[inline(always)]
fn each3<T: Real>(
    d: &mut [T],
    a: Argument<'_, T>,
    b: Argument<'_, T>,
    c: Argument<'_, T>,
    f: impl Fn(T, T, T) -> T,
) {
    match (a, b, c) {
        (Argument::Block(a), Argument::Block(b), Argument::Block(c)) => map3(d, a, b, c, f),
        (Argument::Block(a), Argument::Block(b), Argument::Scalar(z)) => {
            map2(d, a, b, |x, y| f(x, y, z));
        }
        (Argument::Block(a), Argument::Scalar(y), Argument::Block(c)) => {
            map2(d, a, c, |x, z| f(x, y, z));
        }
        (Argument::Block(a), Argument::Scalar(y), Argument::Scalar(z)) => {
            map1(d, a, |x| f(x, y, z));
        }
        (Argument::Scalar(x), b, c) => each2(d, b, c, |y, z| f(x, y, z)),
    }
}

// loops over places: the set-up of zipped iterators is a call of its own, of every operation and block

#[inline(always)]
fn map1<T: Real>(d: &mut [T], a: &[T], f: impl Fn(T) -> T) {
    let a = &a[..d.len()];
    for i in 0..d.len() {
        d[i] = f(a[i]);
    }
}

#[inline(always)]
fn map2<T: Real>(d: &mut [T], a: &[T], b: &[T], f: impl Fn(T, T) -> T) {
    let (a, b) = (&a[..d.len()], &b[..d.len()]);
    for i in 0..d.len() {
        d[i] = f(a[i], b[i]);
    }
}

#[inline(always)]
fn map3<T: Real>(d: &mut [T], a: &[T], b: &[T], c: &[T], f: impl Fn(T, T, T) -> T) {
    let (a, b, c) = (&a[..d.len()], &b[..d.len()], &c[..d.len()]);
    for i in 0..d.len() {
        d[i] = f(a[i], b[i], c[i]);
    }
}
