//! The Range header against a table and against a model that counts bytes.

use proptest::prelude::*;

use super::*;

#[test]
fn single_ranges_are_read_as_rfc_9110_says() {
    let part = |start, length| Span::Part { start, length };
    for (value, size, expected) in [
        ("bytes=0-499", 1000, part(0, 500)),
        ("bytes=500-999", 1000, part(500, 500)),
        ("bytes=500-", 1000, part(500, 500)),
        ("bytes=-500", 1000, part(500, 500)),
        ("bytes=-5000", 1000, part(0, 1000)),
        ("bytes=0-0", 1000, part(0, 1)),
        ("bytes=999-5000", 1000, part(999, 1)),
        ("bytes=0-18446744073709551615", 1000, part(0, 1000)),
        ("bytes=0-99999999999999999999999", 1000, part(0, 1000)),
        ("BYTES=1-2", 1000, part(1, 2)),
        ("bytes= 1-2 ", 1000, part(1, 2)),
        ("bytes=1000-", 1000, Span::Outside),
        ("bytes=99999999999999999999999-", 1000, Span::Outside),
        ("bytes=-0", 1000, Span::Outside),
        ("bytes=0-", 0, Span::Outside),
        ("bytes=-1", 0, Span::Whole),
        ("bytes=2-1", 1000, Span::Whole),
        ("bytes=0-1,3-4", 1000, Span::Whole),
        ("bytes=-", 1000, Span::Whole),
        ("bytes=", 1000, Span::Whole),
        ("bytes", 1000, Span::Whole),
        ("", 1000, Span::Whole),
        ("lines=1-2", 1000, Span::Whole),
        ("bytes=+1-2", 1000, Span::Whole),
        ("bytes=1-2-3", 1000, Span::Whole),
        ("bytes=a-b", 1000, Span::Whole),
        ("bytes=1 -2", 1000, Span::Whole),
        ("bytes=--1", 1000, Span::Whole),
    ] {
        assert_eq!(Span::of(value, size), expected, "{value:?} of {size}");
    }
}

/// The bytes that a span means, counted one by one.
fn bytes(span: Span, size: u64) -> Option<Vec<u64>> {
    match span {
        Span::Whole => Some((0..size).collect()),
        Span::Part { start, length } => Some((start..start + length).collect()),
        Span::Outside => None,
    }
}

fn some(wanted: Vec<u64>) -> Option<Vec<u64>> {
    if wanted.is_empty() { None } else { Some(wanted) }
}

proptest! {
    #[test]
    fn a_range_holds_the_bytes_it_names(first in 0_u64..40, more in 0_u64..40, size in 0_u64..30) {
        let last = first + more;
        let wanted = (0..size).filter(|at| (first..=last).contains(at)).collect();
        prop_assert_eq!(bytes(Span::of(&format!("bytes={first}-{last}"), size), size), some(wanted));
        let open = (0..size).filter(|at| *at >= first).collect();
        prop_assert_eq!(bytes(Span::of(&format!("bytes={first}-"), size), size), some(open));
    }

    #[test]
    fn a_suffix_holds_the_last_bytes(length in 0_u64..40, size in 1_u64..30) {
        let wanted = (0..size).filter(|at| at + length >= size).collect();
        prop_assert_eq!(bytes(Span::of(&format!("bytes=-{length}"), size), size), some(wanted));
    }

    #[test]
    fn no_text_gives_a_part_outside_the_file(
        text in prop_oneof![".*", "bytes=[0-9]{0,22}-[0-9]{0,22}", "[a-z=, 0-9-]{0,30}"],
        size in any::<u64>(),
    ) {
        if let Span::Part { start, length } = Span::of(&text, size) {
            prop_assert!(length > 0);
            prop_assert!(start.checked_add(length).is_some_and(|end| end <= size));
        }
    }
}
