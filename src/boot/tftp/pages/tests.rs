use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::net::source::Bytes;

fn noise(length: usize) -> Vec<u8> {
    (0_u32..).map(|at| (at.wrapping_mul(2_654_435_761) >> 11).to_le_bytes()[0]).take(length).collect()
}

fn file(bytes: &[u8]) -> Content {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Content::File(file)
}

/// All blocks, as a transfer with windows of `window` asks for them.
async fn read(content: Content, mode: Mode, blksize: u16, window: u64) -> Vec<Vec<u8>> {
    let (mut pages, _) = Pages::open(content, mode, blksize).await.unwrap();
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    loop {
        let acked = u64::try_from(blocks.len()).unwrap();
        pages.turn(acked);
        let Some((bytes, count)) = pages.stretch(acked + 1, window) else {
            pages.arrived().await.unwrap();
            continue;
        };
        assert!(count >= 1 && count <= window && pages.held.len() < HELD);
        if bytes.is_empty() {
            blocks.push(Vec::new());
        } else {
            blocks.extend(bytes.chunks(usize::from(blksize)).map(<[u8]>::to_vec));
        }
        if pages.last() == Some(u64::try_from(blocks.len()).unwrap()) {
            return blocks;
        }
    }
}

fn check(blocks: &[Vec<u8>], bytes: &[u8], blksize: usize) {
    assert_eq!(blocks.concat(), bytes);
    assert_eq!(blocks.len(), bytes.len() / blksize + 1);
    let (last, full) = blocks.split_last().unwrap();
    assert!(last.len() < blksize && full.iter().all(|block| block.len() == blksize));
}

#[tokio::test]
async fn content_of_each_kind_comes_in_blocks_and_the_last_one_is_short() {
    // Whole pages, whole blocks and neither.
    let page = 128 * 1024 / 512 * 512;
    for length in [0, 1, 511, 512, 513, page - 512, page - 1, page, page + 1, 2 * page, 5 * page + 700] {
        let bytes = noise(length);
        let source = Content::Source(Arc::new(Bytes { bytes: bytes.clone(), tag: String::new() }));
        for content in [file(&bytes), Content::Text(bytes.clone()), source] {
            check(&read(content, Mode::Octet, 512, 64).await, &bytes, 512);
        }
    }
    let bytes = noise(1_000_000);
    for (blksize, window) in [(8, 64), (1428, 16), (1468, 64), (65464, 1), (1000, 7)] {
        check(&read(file(&bytes), Mode::Octet, blksize, window).await, &bytes, blksize.into());
    }
}

#[tokio::test]
async fn text_is_longer_than_its_file() {
    let bytes = noise(700_000);
    let mut wanted = Vec::new();
    netascii::encode(&bytes, &mut wanted);
    for content in [file(&bytes), Content::Text(bytes.clone())] {
        check(&read(content, Mode::Netascii, 1428, 9).await, &wanted, 1428);
    }
    check(&read(Content::Text(Vec::new()), Mode::Netascii, 512, 1).await, b"", 512);
}

#[tokio::test]
async fn sizes_are_told_of_what_is_sent_as_it_is() {
    let size = |content, mode| async move { Pages::open(content, mode, 512).await.unwrap().1 };
    assert_eq!(size(file(&noise(700)), Mode::Octet).await, Some(700));
    assert_eq!(size(Content::Text(noise(7)), Mode::Octet).await, Some(7));
    assert_eq!(size(file(&noise(700)), Mode::Netascii).await, None);
}

#[tokio::test]
async fn a_file_that_was_cut_off_meanwhile_is_an_error() {
    let bytes = noise(1_000_000);
    let Content::File(file) = file(&bytes) else { unreachable!() };
    let same = file.try_clone().unwrap();
    let (mut pages, _) = Pages::open(Content::File(file), Mode::Octet, 512).await.unwrap();
    same.set_len(10).unwrap();
    pages.turn(0);
    assert!(pages.arrived().await.is_err());
    assert!(pages.stretch(1, 1).is_none() && pages.last().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn any_length_and_any_block_fit(length in 0..400_000_usize, blksize in 8..3000_u16, window in 1..=64_u64, text: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = noise(length);
        let mut wanted = bytes.clone();
        if text {
            wanted.clear();
            netascii::encode(&bytes, &mut wanted);
        }
        let mode = if text { Mode::Netascii } else { Mode::Octet };
        check(&runtime.block_on(read(file(&bytes), mode, blksize, window)), &wanted, blksize.into());
    }
}
