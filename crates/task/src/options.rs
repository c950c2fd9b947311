//! Options of a task, each written once: its key, type, default, unit and meaning.

use serde::{Serialize, de::DeserializeOwned};

use crate::OptionDoc;

/// What can be set about a task: a structure with defaults, read from and written to a table.
///
/// Inside of this crate the macro `options!` writes it from one line per option; elsewhere derive
/// `Serialize` and `Deserialize` with `#[serde(default, deny_unknown_fields)]`.
pub trait Options: Serialize + DeserializeOwned + Default + Clone + Send + Sync {
    /// What each option means, `dt` included.
    const DOCS: &'static [OptionDoc];

    /// Duration of a step, ms.
    fn dt(&self) -> f64;
}

/// A structure of options: fields with documentation, defaults, [`Options`] and serde. `dt` is the
/// first option of every task.
///
/// ```text
/// options! {
///     /// What the task is.
///     pub struct Name, dt = 20.0 {
///         /// What it means.
///         stimulus: f64 = 800.0, "ms";
///     }
/// }
/// ```
macro_rules! options {
    (
        $(#[$about:meta])*
        pub struct $name:ident, dt = $dt:literal {
            $( $(#[doc = $doc:literal])+ $field:ident: $type:ty = $default:expr, $unit:tt; )*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Duration of a step (ms).
            pub dt: f64,
            $(
                $(#[doc = $doc])+
                #[doc = $crate::options::unit!($unit)]
                pub $field: $type,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                $name { dt: $dt, $( $field: $default, )* }
            }
        }

        impl $crate::Options for $name {
            const DOCS: &'static [$crate::OptionDoc] = &[
                $crate::OptionDoc { name: "dt", unit: "ms", meaning: "Duration of a step" },
                $($crate::OptionDoc {
                    name: stringify!($field),
                    unit: $unit,
                    meaning: concat!($($doc),+).trim_ascii(),
                },)*
            ];

            fn dt(&self) -> f64 {
                self.dt
            }
        }
    };
}

/// How the unit of an option ends its documentation.
macro_rules! unit {
    ("") => {
        "."
    };
    ($unit:literal) => {
        concat!("(", $unit, ").")
    };
}

pub(crate) use {options, unit};
