use super::*;
use crate::depot::digest;
use crate::net::http::Method;

fn uploads() -> (tempfile::TempDir, Uploads) {
    let folder = tempfile::tempdir().unwrap();
    let uploads = Uploads::open(folder.path()).unwrap();
    (folder, uploads)
}

async fn take(
    uploads: &Uploads,
    hash: &str,
    start: u64,
    total: u64,
    bytes: &[u8],
) -> Result<Arrived, UploadError> {
    let mut request = Request::made(Method::Put, "/", bytes.to_vec());
    uploads.take(hash, Slice { start, total }, &mut request).await
}

#[tokio::test]
async fn a_file_comes_in_slices_and_goes_on_after_a_restart() {
    let (folder, uploads) = uploads();
    let hash = digest::sha256(b"kernel");
    assert_eq!(uploads.arrived(&hash).unwrap(), Arrived { received: 0, complete: false });
    assert_eq!(take(&uploads, &hash, 0, 6, b"ker").await.unwrap(), Arrived { received: 3, complete: false });
    let uploads = Uploads::open(folder.path()).unwrap();
    let again = take(&uploads, &hash, 0, 6, b"ker").await.unwrap_err();
    assert_eq!(again.to_string(), "the slice begins at byte 0, but 3 bytes are here: go on from there");
    assert!(matches!(uploads.ready(&hash), Err(UploadError::Incomplete { received: 3 })));
    assert_eq!(take(&uploads, &hash, 3, 6, b"nel").await.unwrap(), Arrived { received: 6, complete: true });
    assert_eq!(fs::read(uploads.ready(&hash).unwrap().path).unwrap(), b"kernel");
    assert!(take(&uploads, &hash, 0, 6, b"").await.unwrap().complete, "sent again, it is here");
}

#[tokio::test]
async fn bytes_with_another_hash_are_dropped() {
    let (_folder, uploads) = uploads();
    let hash = digest::sha256(b"kernel");
    let told = take(&uploads, &hash, 0, 6, b"colonel").await.unwrap_err();
    assert!(matches!(told, UploadError::Excess), "{told}");
    let told = take(&uploads, &hash, 0, 6, b"kernal").await.unwrap_err();
    assert!(told.to_string().contains("send it again from the start"), "{told}");
    assert_eq!(uploads.arrived(&hash).unwrap().received, 0);
    assert!(take(&uploads, &hash, 0, 6, b"kernel").await.unwrap().complete);
}

#[tokio::test]
async fn names_that_are_no_hash_and_sizes_beyond_the_limit_are_refused() {
    let (_folder, uploads) = uploads();
    for name in ["", "..", "../../etc/passwd", &"A".repeat(64), &"0".repeat(63)] {
        assert!(matches!(take(&uploads, name, 0, 1, b"x").await, Err(UploadError::Hash(_))), "{name}");
    }
    let large = take(&uploads, &"0".repeat(64), 0, LIMIT + 1, b"x").await;
    assert!(matches!(large, Err(UploadError::TooLarge { .. })));
}

#[tokio::test]
async fn who_sends_the_same_file_at_once_is_told_to_wait() {
    let (_folder, uploads) = uploads();
    let hash = digest::sha256(b"kernel");
    let turn = uploads.turn(&hash).unwrap();
    assert!(matches!(take(&uploads, &hash, 0, 6, b"kernel").await, Err(UploadError::Busy)));
    drop(turn);
    assert!(take(&uploads, &hash, 0, 6, b"kernel").await.unwrap().complete);
}

#[tokio::test]
async fn uploads_that_nobody_ends_are_few() {
    let (folder, uploads) = uploads();
    for number in 0..20 {
        let hash = digest::sha256(format!("{number}").as_bytes());
        take(&uploads, &hash, 0, 100, b"x").await.unwrap();
    }
    let left = fs::read_dir(folder.path().join("uploads")).unwrap().count();
    assert_eq!(left, KEPT + 1);
}

#[test]
fn a_full_disk_is_known_by_its_error() {
    assert!(is_full(&io::Error::from_raw_os_error(28)) && is_full(&io::Error::from_raw_os_error(122)));
    assert!(!is_full(&io::Error::from_raw_os_error(5)));
}

#[tokio::test]
async fn what_nobody_goes_on_with_goes_with_age() {
    let (_folder, uploads) = uploads();
    let (half, whole) = (digest::sha256(b"kernel"), digest::sha256(b"ramdisk"));
    take(&uploads, &half, 0, 6, b"ker").await.unwrap();
    take(&uploads, &whole, 0, 7, b"ramdisk").await.unwrap();
    let written = fs::metadata(uploads.ready(&whole).unwrap().path).unwrap().modified().unwrap();
    uploads.sweep(written - std::time::Duration::from_hours(1));
    assert_eq!(uploads.arrived(&half).unwrap().received, 3);
    let turn = uploads.turn(&half).unwrap();
    uploads.sweep(written + std::time::Duration::from_hours(1));
    assert_eq!(uploads.arrived(&half).unwrap().received, 3, "somebody writes it");
    assert!(uploads.ready(&whole).is_err());
    drop(turn);
    uploads.sweep(written + std::time::Duration::from_hours(1));
    assert_eq!(uploads.arrived(&half).unwrap().received, 0);
}
