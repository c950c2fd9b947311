//! The studies, one file each.

mod across_area_communication;
mod adaptive_srnn;
mod curbd;
mod dale_backprop;
mod horn;
mod initialization;
mod low_rank_inference;
mod memristive_eprop;
mod mtl_encoding;
mod pfc_hypotheses;
mod population_gating;
mod probabilistic_decisions;
mod sequential_interference;
mod sernn;
mod single_neuron_adaptation;
mod striatum;

pub(crate) use across_area_communication::AcrossAreaCommunication;
pub(crate) use adaptive_srnn::AdaptiveSrnn;
pub(crate) use curbd::Curbd;
pub(crate) use dale_backprop::DaleBackprop;
pub(crate) use horn::Horn;
pub(crate) use initialization::Initialization;
pub(crate) use low_rank_inference::LowRankInference;
pub(crate) use memristive_eprop::MemristiveEprop;
pub(crate) use mtl_encoding::MtlEncoding;
pub(crate) use pfc_hypotheses::PfcHypotheses;
pub(crate) use population_gating::PopulationGating;
pub(crate) use probabilistic_decisions::ProbabilisticDecisions;
pub(crate) use sequential_interference::SequentialInterference;
pub(crate) use sernn::Sernn;
pub(crate) use single_neuron_adaptation::SingleNeuronAdaptation;
pub(crate) use striatum::Striatum;
