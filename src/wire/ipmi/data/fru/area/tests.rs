use proptest::prelude::*;

use super::*;

fn sample() -> Inventory {
    let text = str::to_owned;
    Inventory {
        chassis: Some(Chassis {
            kind: 23,
            part: text("CH-1"),
            serial: text("S1"),
            custom: vec![text("own")],
        }),
        board: Some(Board { made: 0x00f2_12a0, maker: text("Lab Maker"), ..Board::default() }),
        product: Some(Product { name: text("Edge Node"), asset: text("a"), ..Product::default() }),
        notes: Vec::new(),
    }
}

#[test]
fn what_is_written_is_read_again() {
    assert_eq!(Inventory::parse(&sample().emit()), Ok(sample()));
    assert_eq!(Inventory::parse(&Inventory::default().emit()), Ok(Inventory::default()));
}

#[test]
fn wrong_checksums_are_noted() {
    let mut image = sample().emit();
    image[7] ^= 0xff;
    *image.last_mut().unwrap() ^= 0xff;
    let inventory = Inventory::parse(&image).unwrap();
    assert_eq!(inventory.notes, [Note::HeaderChecksum, Note::Checksum(Area::Product)]);
    assert_eq!(Inventory { notes: Vec::new(), ..inventory }, sample());
}

#[test]
fn every_prefix_is_an_error_or_noted() {
    let image = sample().emit();
    for length in 0..image.len() {
        match Inventory::parse(&image[..length]) {
            Ok(inventory) => assert!(!inventory.notes.is_empty(), "{length}"),
            Err(_) => assert!(length < 8, "{length}"),
        }
    }
}

#[test]
fn a_date_that_nobody_set_is_none() {
    let made = |made| Board { made, ..Board::default() }.made_at();
    assert_eq!((made(0), made(5)), (None, None));
    assert_eq!(made(FIRST_WEEK), Some(820_454_400 + 604_800));
}

proptest! {
    #[test]
    fn any_bytes_are_an_error_or_an_inventory(mut image in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let [version, _, chassis, board, product, ..] = image.as_mut_slice() {
            (*version, *chassis, *board, *product) = (1, 1, *board % 32, *product % 32);
        }
        if let Some(version) = image.get_mut(8) {
            *version = 1;
        }
        if let Ok(inventory) = Inventory::parse(&image) {
            prop_assert!(inventory.chassis.is_none_or(|chassis| chassis.custom.len() <= MOST_CUSTOM));
        }
    }
}
