//! Trials, conditions, splits, time base, activity.
