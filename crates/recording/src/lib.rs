//! Recorded activity: formats, preprocessing, splits and baselines.
