//! Inputs of another rate, brought to the frames of the activity.

use ndarray::{Array3, Axis, s};

/// The mean of the input over each frame; `ratio` samples make one frame.
pub(crate) fn to_frames(inputs: &Array3<f32>, ratio: f64, frames: usize) -> Array3<f32> {
    let (samples, trials, channels) = inputs.dim();
    let mut framed = Array3::zeros((frames, trials, channels));
    for frame in 0..frames {
        let (from, to) = (frame as f64 * ratio, (frame + 1) as f64 * ratio);
        let first = (from + 1e-9).floor() as usize;
        let last = ((to - 1e-9).ceil() as usize).max(first + 1);
        for sample in first..last {
            let overlap = (to.min((sample + 1) as f64) - from.max(sample as f64)) / ratio;
            // Where the input ends a little early, its last sample holds.
            let held = inputs.index_axis(Axis(0), sample.min(samples - 1));
            framed.slice_mut(s![frame, .., ..]).scaled_add(overlap as f32, &held);
        }
    }
    framed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_get_the_mean_of_what_they_cover() {
        // 3 Hz activity, 2 frames of which span 2/3 s; 5 Hz and 1.5 Hz inputs
        let ramp = Array3::from_shape_fn((10, 1, 1), |(t, _, _)| t as f32);
        let framed = to_frames(&ramp, 5.0 / 3.0, 6);
        // frame 0: samples 0 (whole) and 1 (2/3): (0 + 2/3) / (5/3)
        assert!((framed[[0, 0, 0]] - 0.4).abs() < 1e-6);
        // frame 1 spans 5/3..10/3: 1/3 of sample 1, 2 whole, 1/3 of 3
        assert!((framed[[1, 0, 0]] - (1.0 / 3.0 + 2.0 + 1.0) / (5.0 / 3.0)).abs() < 1e-6);
        assert!((framed.mean().unwrap() - 4.5).abs() < 1e-6, "nothing is lost");
        let held = to_frames(&ramp, 0.5, 6);
        assert_eq!(held.iter().copied().collect::<Vec<_>>(), [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]);
    }
}
