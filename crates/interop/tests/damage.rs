//! Damaged files are refused with an error, never a panic and never all of memory.

use attractor_interop::load_bytes;
use proptest::prelude::*;

const MODEL: &[u8] = include_bytes!("files/model.safetensors");

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn changed_bytes(changes in prop::collection::vec((0..MODEL.len(), any::<u8>()), 1..6)) {
        let mut bytes = MODEL.to_vec();
        for (at, value) in changes {
            bytes[at] = value;
        }
        let _ = load_bytes(&bytes);
    }

    #[test]
    fn changed_digits(changes in prop::collection::vec((0..MODEL.len(), b'0'..=b'9'), 1..4)) {
        let mut bytes = MODEL.to_vec();
        for (at, digit) in changes {
            if bytes[at].is_ascii_digit() || bytes[at] == b' ' {
                bytes[at] = digit;
            }
        }
        let _ = load_bytes(&bytes);
    }

    #[test]
    fn cut_and_lengthened(end in 0..MODEL.len(), tail in prop::collection::vec(any::<u8>(), 0..20)) {
        prop_assert!(load_bytes(&MODEL[..end]).is_err());
        let bytes = [&MODEL[..end], &tail].concat();
        let _ = load_bytes(&bytes);
    }

    #[test]
    fn anything(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(load_bytes(&bytes).is_err());
    }

    #[test]
    fn any_header(header in "\\{\"(__metadata__|a)\":[ -~]{0,60}\\}") {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        prop_assert!(load_bytes(&bytes).is_err());
    }
}
