//! Dense parts of which few weights there are, as a pattern.

use std::sync::Arc;

use attractor_numerics::product::Pattern;

use super::WiringPlan;

/// The weights of all dense parts together, where multiplying them alone pays.
#[derive(Clone, Debug)]
pub(crate) struct SparsePlan {
    pub(crate) forward: Arc<Pattern>,
    pub(crate) backward: Arc<Pattern>,
    /// For each weight of the transpose, its place in `forward`.
    pub(crate) turned: Vec<usize>,
    /// Per dense part, place in its array and place in `forward` of each weight.
    pub(crate) slots: Vec<Vec<(usize, usize)>>,
}

impl SparsePlan {
    pub(crate) fn of(plan: &WiringPlan) -> Option<SparsePlan> {
        if plan.dense.is_empty() || plan.whole().is_some() {
            return None;
        }
        let (targets, sources) = (plan.targets, plan.sources);
        let most: usize = plan.dense.iter().map(|part| part.connections()).sum();
        if !Pattern::pays(most, targets, sources) {
            return None;
        }
        let mut places = Vec::with_capacity(most);
        plan.dense.iter().for_each(|part| part.each(plan, |_, at| places.push(at)));
        let forward = Pattern::new(targets, sources, places);
        let slots = plan.dense.iter().map(|part| {
            let mut slots = Vec::new();
            part.each(plan, |weight, at| {
                let slot = forward.place(at / sources, at % sources);
                slots.extend(slot.map(|slot| (weight, slot)));
            });
            slots
        });
        let slots = slots.collect();
        let (backward, turned) = forward.transposed();
        let (forward, backward) = (Arc::new(forward), Arc::new(backward));
        Some(SparsePlan { forward, backward, turned, slots })
    }
}
