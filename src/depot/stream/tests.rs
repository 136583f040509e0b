//! Our raw streams against the tools that others use.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::depot::cache::Life;
use crate::depot::cache::index::Index;
use crate::depot::cache::limits::{Floor, Limits};
use crate::depot::cache::progress::Progress;
use crate::depot::cache::room::Room;
use crate::depot::digest::sha256;
use crate::net::source::Bytes;

/// Runs a tool; `None` if it is not there.
fn tool(name: &str, args: &[&str]) -> Option<Vec<u8>> {
    let Ok(done) = Command::new(name).args(args).output() else {
        writeln!(io::stderr(), "skipped: {name} is not installed").unwrap();
        return None;
    };
    assert!(done.status.success(), "{name} {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    Some(done.stdout)
}

/// 5 MiB and a bit: noise, text that packs well, zeros, and a hole.
fn disk_bytes() -> Vec<u8> {
    let mut bytes = vec![0; (5 << 20) + 512];
    let mut state = 1_u32;
    for (at, byte) in bytes.iter_mut().enumerate() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = match at >> 18 {
            0 | 9 => (state >> 24) as u8,
            1 | 2 | 12 | 20 => b"all work and no play "[at % 21],
            _ => 0,
        };
    }
    bytes
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }
}

/// The whole stream, read in stretches that cross every border.
fn whole(source: &dyn Source) -> Vec<u8> {
    let mut out = vec![0; usize::try_from(source.size()).unwrap()];
    for (number, chunk) in out.chunks_mut(100_003).enumerate() {
        source.read_exact_at(chunk, u64::try_from(number * 100_003).unwrap()).unwrap();
    }
    out
}

fn same(found: &[u8], wanted: &[u8], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let differs = found.iter().zip(wanted).position(|(one, other)| one != other);
    assert_eq!(differs, None, "{what}: first byte that differs");
}

#[test]
fn qemu_img_agrees_with_our_view_of_its_images() {
    let folder = Folder::new();
    let bytes = disk_bytes();
    folder.put("disk.raw", &bytes);
    let raw = folder.text("disk.raw");
    let cases: &[(&str, &[&str])] = &[
        ("v2", &["-o", "compat=0.10"]),
        ("v3", &["-o", "compat=1.1"]),
        ("small clusters", &["-o", "cluster_size=512"]),
        ("large clusters", &["-o", "cluster_size=2M"]),
        ("zlib", &["-c"]),
        ("zlib v2", &["-c", "-o", "compat=0.10"]),
        ("zlib large", &["-c", "-o", "cluster_size=2M"]),
        ("zstd", &["-c", "-o", "compression_type=zstd"]),
        ("zstd large", &["-c", "-o", "compression_type=zstd,cluster_size=2M"]),
        ("subclusters", &["-o", "extended_l2=on,cluster_size=128k"]),
        ("subclusters packed", &["-c", "-o", "extended_l2=on"]),
        ("metadata", &["-o", "preallocation=metadata"]),
        ("full", &["-o", "preallocation=full"]),
        ("keep zeros", &["-S", "0"]),
        ("refcounts", &["-o", "refcount_bits=64,lazy_refcounts=on"]),
    ];
    for (what, options) in cases {
        let image = folder.text("disk.qcow2");
        let args = [&["convert", "-O", "qcow2"][..], options, &[&raw, &image]].concat();
        if tool("qemu-img", &args).is_none() {
            return;
        }
        let view = RawImage::open(&folder.path("disk.qcow2")).unwrap();
        same(&whole(&*view), &bytes, what);
        let again = RawImage::open(&folder.path("disk.qcow2")).unwrap();
        assert_eq!(view.tag(), again.tag());
        assert!(
            view.tag().bytes().all(|byte| byte.is_ascii_hexdigit() || b".-".contains(&byte)),
            "{}",
            view.tag()
        );
    }
}

#[test]
fn what_was_written_after_a_snapshot_is_what_is_given_out() {
    let folder = Folder::new();
    folder.put("disk.raw", &disk_bytes());
    let (raw, image) = (folder.text("disk.raw"), folder.text("disk.qcow2"));
    if tool("qemu-img", &["convert", "-O", "qcow2", &raw, &image]).is_none() {
        return;
    }
    tool("qemu-img", &["snapshot", "-c", "before", &image]);
    if tool("qemu-io", &["-c", "write -P 7 0 1M", "-c", "write -z 2M 1M", "-c", "discard 3M 512k", &image])
        .is_none()
    {
        return;
    }
    tool("qemu-img", &["convert", "-O", "raw", &image, &folder.text("now.raw")]);
    let now = fs::read(folder.path("now.raw")).unwrap();
    assert_eq!(now[..4], [7; 4]);
    same(&whole(&*RawImage::open(&folder.path("disk.qcow2")).unwrap()), &now, "snapshot");
}

#[test]
fn images_with_a_backing_or_data_file_or_a_lock_are_refused() {
    let folder = Folder::new();
    folder.put("disk.raw", &disk_bytes());
    let (base, image) = (folder.text("disk.raw"), folder.text("disk.qcow2"));
    let data = format!("data_file={}", folder.text("data.raw"));
    let cases: &[(&[&str], &str)] = &[
        (&["create", "-f", "qcow2", "-F", "raw", "-b", &base, &image], "a backing file"),
        (&["create", "-f", "qcow2", "-o", &data, &image, "1M"], "an external data file"),
    ];
    for (args, word) in cases {
        if tool("qemu-img", args).is_none() {
            return;
        }
        let why = RawImage::open(&folder.path("disk.qcow2")).unwrap_err().to_string();
        assert!(why.contains(word), "{why}");
        fs::remove_file(&image).unwrap();
    }
    let secret = ["--object", "secret,id=s,data=x", "-o", "encrypt.format=luks,encrypt.key-secret=s"];
    tool("qemu-img", &[&["create", "-f", "qcow2"][..], &secret, &[&image, "1M"]].concat());
    let why = RawImage::open(&folder.path("disk.qcow2")).unwrap_err().to_string();
    assert!(why.contains("encryption"), "{why}");
}

#[test]
fn an_image_that_is_cut_off_is_an_error_and_never_zeros() {
    let folder = Folder::new();
    folder.put("disk.raw", &disk_bytes());
    let (raw, image) = (folder.text("disk.raw"), folder.text("disk.qcow2"));
    for options in [&["-O", "qcow2"][..], &["-c", "-O", "qcow2"]] {
        if tool("qemu-img", &[&["convert"][..], options, &[&raw, &image]].concat()).is_none() {
            return;
        }
        let length = fs::metadata(&image).unwrap().len();
        fs::File::options().write(true).open(&image).unwrap().set_len(length - (300 << 10)).unwrap();
        let view = RawImage::open(&folder.path("disk.qcow2")).unwrap();
        let mut out = vec![0; usize::try_from(view.size()).unwrap()];
        let why = view.read_exact_at(&mut out, 0).unwrap_err().to_string();
        assert!(why.contains("qcow2 image that is damaged"), "{why}");
    }
}

/// Packs bytes with the tool of that name.
fn packed(folder: &Folder, tool_name: &str, options: &[&str], bytes: &[u8]) -> Option<Vec<u8>> {
    folder.put("plain", bytes);
    tool(tool_name, &[options, &["-c", "-k", &folder.text("plain")]].concat())
}

fn unpacked(bytes: &[u8], format: Format) -> io::Result<Vec<u8>> {
    let source = Arc::new(Bytes { bytes: bytes.to_vec(), tag: "t".to_owned() });
    let mut out = Vec::new();
    unpack::reader(source, format).read_to_end(&mut out)?;
    Ok(out)
}

const TOOLS: [(&str, Format); 3] = [("gzip", Format::Gzip), ("xz", Format::Xz), ("zstd", Format::Zstd)];

#[test]
fn what_the_tools_pack_is_unpacked_whole() {
    let folder = Folder::new();
    let bytes = disk_bytes();
    for (name, format, options) in [
        ("gzip", Format::Gzip, &["-1"][..]),
        ("gzip", Format::Gzip, &["-9"]),
        ("xz", Format::Xz, &["-0"]),
        ("xz", Format::Xz, &["-9e", "--check=sha256"]),
        ("xz", Format::Xz, &["-T2", "--block-size=1MiB", "--check=crc32"]),
        ("xz", Format::Xz, &["--x86", "--lzma2", "--check=none"]),
        ("zstd", Format::Zstd, &["-1"]),
        ("zstd", Format::Zstd, &["-19", "--no-check"]),
        ("zstd", Format::Zstd, &["--ultra", "-20"]),
    ] {
        let Some(pack) = packed(&folder, name, options, &bytes) else { return };
        let what = format!("{name} {options:?}");
        same(&unpacked(&pack, format).unwrap_or_else(|why| panic!("{what}: {why}")), &bytes, &what);
        let path = folder.put("image", &pack);
        same(&whole(&*RawImage::open(&path).unwrap()), &bytes, &what);
    }
}

#[test]
fn several_parts_are_one_stream_zeros_behind_are_padding_and_the_rest_is_refused() {
    let folder = Folder::new();
    for (name, format) in TOOLS {
        let (Some(one), Some(two)) =
            (packed(&folder, name, &[], b"first part, "), packed(&folder, name, &[], b"second part"))
        else {
            return;
        };
        let both = [&one[..], &two].concat();
        assert_eq!(unpacked(&both, format).unwrap(), b"first part, second part", "{name}");
        assert_eq!(unpacked(&[&both[..], &[0; 512]].concat(), format).unwrap().len(), 23, "{name}");
        assert!(unpacked(&[&both[..], b"rubbish rubbish"].concat(), format).is_err(), "{name}");
        for cut in 1..both.len() - 1 {
            if cut != one.len() {
                let found = unpacked(&both[..cut], format);
                assert!(found.is_err(), "{name} cut to {cut} of {}: {found:?}", both.len());
            }
        }
    }
}

#[test]
fn a_wrong_checksum_or_length_inside_is_found() {
    let folder = Folder::new();
    let bytes = disk_bytes();
    for (name, format) in TOOLS {
        let Some(pack) = packed(&folder, name, &[], &bytes) else { return };
        for at in [pack.len() / 2, pack.len() - 3] {
            let mut bad = pack.clone();
            bad[at] ^= 0x40;
            assert!(unpacked(&bad, format).is_err(), "{name} with byte {at} changed");
        }
    }
}

#[test]
fn a_frame_that_is_to_be_skipped_is_skipped() {
    let folder = Folder::new();
    let Some(pack) = packed(&folder, "zstd", &[], b"content") else { return };
    let skip = [&[0x5F, 0x2A, 0x4D, 0x18, 5, 0, 0, 0][..], b"extra"].concat();
    let all = [&skip[..], &pack, &skip, &pack, &skip].concat();
    assert_eq!(unpacked(&all, Format::Zstd).unwrap(), b"contentcontent");
    assert!(unpacked(&all[..all.len() - 1], Format::Zstd).is_err());
}

#[test]
fn a_dictionary_that_takes_too_much_memory_is_refused_with_a_remedy() {
    let folder = Folder::new();
    let bytes = vec![1; 1 << 20];
    let Some(xz) = packed(&folder, "xz", &["--lzma2=dict=128MiB"], &bytes) else { return };
    let why = unpacked(&xz, Format::Xz).unwrap_err().to_string();
    assert!(why.contains("takes more than 64 MiB of memory: pack it anew with xz -9"), "{why}");
    let large = vec![1; 130 << 20];
    let Some(zstd) = packed(&folder, "zstd", &["--long=27"], &large) else { return };
    let why = unpacked(&zstd, Format::Zstd).unwrap_err().to_string();
    assert!(why.contains("takes more than 32 MiB of memory: pack it anew"), "{why}");
}

#[test]
fn many_readers_of_a_packed_image_see_the_same_bytes_wherever_they_are() {
    let folder = Folder::new();
    let bytes = disk_bytes();
    for (name, format) in TOOLS {
        let Some(pack) = packed(&folder, name, &[], &bytes) else { return };
        let source = Arc::new(Bytes { bytes: pack, tag: "t".to_owned() });
        let size = unpack::measure(source.clone(), format, u64::MAX, &Progress::default()).unwrap();
        assert!(matches!(
            unpack::measure(source.clone(), format, size - 1, &Progress::default()),
            Err(StreamError::TooLarge { .. })
        ));
        let passage = Passage::new(source, format, size);
        std::thread::scope(|scope| {
            for reader in 0_u64..6 {
                let (passage, bytes) = (&passage, &bytes);
                scope.spawn(move || {
                    let from = usize::try_from(reader * 700_000).unwrap();
                    let mut out = vec![0; bytes.len() - from];
                    for (number, chunk) in out.chunks_mut(65_536).enumerate() {
                        let at = from + number * 65_536;
                        passage.read_exact_at(chunk, u64::try_from(at).unwrap()).unwrap();
                    }
                    same(&out, &bytes[from..], name);
                });
            }
        });
        assert!(passage.read_exact_at(&mut [0; 2], size - 1).is_err());
    }
}

fn index(folder: &Folder, size: u64) -> Arc<Index> {
    let limits = Limits { size, floor: Floor::Bytes(0), ..Limits::default() };
    let clock = Arc::new(crate::base::time::PausedClock::new());
    let cache =
        crate::depot::cache::Cache::open(&folder.path("cache"), limits, clock, Life::default()).unwrap();
    Arc::clone(&cache.index)
}

#[test]
fn what_is_unpacked_into_the_cache_has_holes_and_a_hash_and_stays_within_its_limits() {
    let folder = Folder::new();
    let bytes = disk_bytes();
    let Some(pack) = packed(&folder, "gzip", &[], &bytes) else { return };
    let source: Arc<dyn Source> = Arc::new(Bytes { bytes: pack, tag: "t".to_owned() });
    let roomy = index(&folder, 64 << 20);
    let part = roomy.folder().join("x.part");
    let spill = |index: &Arc<Index>, limit| {
        let mut room = Room::of(index, "disk", 0).unwrap();
        spill::spill((source.clone(), Format::Gzip), &part, &mut room, limit, &Progress::default())
    };
    let done = spill(&roomy, 64 << 20).unwrap();
    assert_eq!((done.size, done.sha256), (u64::try_from(bytes.len()).unwrap(), sha256(&bytes)));
    same(&fs::read(&part).unwrap(), &bytes, "unpacked");
    let on_disk = std::os::unix::fs::MetadataExt::blocks(&fs::metadata(&part).unwrap()) * 512;
    assert!(on_disk < 2 << 20, "{on_disk} bytes on disk");
    let bomb = spill(&roomy, 1 << 20).unwrap_err();
    assert!(matches!(bomb, spill::SpillError::TooLarge { .. }), "{bomb}");
    assert!(!part.exists());
    let full = spill(&index(&folder, 1 << 20), 64 << 20).unwrap_err();
    assert!(matches!(full, spill::SpillError::Room(_)), "{full}");
    assert!(!part.exists());
}

/// Kibibytes that this process had in memory at its fullest.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Runs in a process of its own: reads the image to its end, also far from the begin, and tells what that took.
#[test]
#[ignore = "the test below runs it in a process of its own"]
fn memory_of_one_image() {
    let path = PathBuf::from(std::env::var_os("FERRIC_TEST_IMAGE").expect("the test below says which image"));
    let before = peak();
    let view = RawImage::open(&path).unwrap();
    let mut chunk = vec![0; 1 << 20];
    for place in (0..view.size()).step_by(chunk.len()) {
        let left = usize::try_from(view.size() - place).unwrap().min(chunk.len());
        view.read_exact_at(&mut chunk[..left], place).unwrap();
    }
    writeln!(io::stdout(), "took {} KiB for {} bytes", peak() - before, view.size()).unwrap();
}

#[test]
fn an_image_of_any_size_takes_little_memory() {
    let folder = Folder::new();
    // MiB, with a dozen for the pages of the program itself, which count as they are first touched.
    // The same noise again and again: the tools are quick with it, and dictionaries fill all the same.
    let mut noise = vec![0; 1 << 20];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut noise).unwrap();
    let raw = folder.put("plain", &noise.repeat(80));
    drop(noise);
    let cases: &[(&str, &[&str], u64)] = &[
        ("gzip", &["-1"], 24),
        // The dictionary alone is 64 MiB: no less will do for xz -9.
        ("xz", &["-T1", "--lzma2=preset=0,dict=64MiB"], 92),
        ("zstd", &["-1"], 32),
        ("zstd", &["-1", "--zstd=wlog=25"], 72),
        ("qemu-img", &["convert", "-O", "qcow2", "-o", "cluster_size=2M"], 32),
    ];
    for (name, options, most) in cases {
        let image = folder.path("image");
        if *name == "qemu-img" {
            let paths = [raw.to_str().unwrap(), image.to_str().unwrap()];
            if tool(name, &[options, &paths[..]].concat()).is_none() {
                return;
            }
        } else {
            let out = fs::File::create(&image).unwrap();
            let Ok(done) = Command::new(name).args(*options).arg("-c").arg(&raw).stdout(out).status() else {
                return;
            };
            assert!(done.success());
        }
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "depot::stream::tests::memory_of_one_image", "--ignored", "--nocapture"]);
        let done = child.env("FERRIC_TEST_IMAGE", &image).output().unwrap();
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let told = text.split_once("took ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<u64>().ok());
        let told = told.unwrap_or_else(|| panic!("{name}: {text}"));
        writeln!(io::stdout(), "{name} {options:?}: {told} KiB").unwrap();
        assert!(told < most << 10, "{name} {options:?}: {told} KiB");
    }
}

/// The header and the tables of a small image that qemu-img made, to be bent.
fn small() -> Option<Vec<u8>> {
    let folder = Folder::new();
    folder.put("disk.raw", &disk_bytes()[..300_000]);
    let (raw, image) = (folder.text("disk.raw"), folder.text("disk.qcow2"));
    tool("qemu-img", &["convert", "-c", "-O", "qcow2", "-o", "cluster_size=4k", &raw, &image])?;
    Some(fs::read(image).unwrap())
}

#[test]
fn bent_images_are_read_or_refused_and_never_a_panic() {
    let Some(image) = small() else { return };
    let mut runner = proptest::test_runner::TestRunner::default();
    let strategy = (0..image.len(), any::<u8>(), 0..image.len());
    let done = runner.run(&strategy, |(at, value, cut)| {
        let mut bent = image.clone();
        bent[at] = value;
        bent.truncate(cut.max(600));
        if let Ok(view) = Qcow2::open(Arc::new(Bytes { bytes: bent, tag: String::new() })) {
            let mut out = vec![0; 100_000];
            view.read_exact_at(&mut out, 0).ok();
            view.read_exact_at(&mut out, view.size().saturating_sub(100_000)).ok();
        }
        Ok(())
    });
    done.unwrap();
}

proptest! {
    #[test]
    fn any_packed_bytes_are_unpacked_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for (format, magic) in [
            (Format::Gzip, &b"\x1F\x8B\x08\0"[..]),
            (Format::Xz, b"\xFD7zXZ\0"),
            (Format::Zstd, b"\x28\xB5\x2F\xFD"),
        ] {
            unpacked(&[magic, &bytes].concat(), format).ok();
        }
    }
}

#[test]
fn a_bomb_of_zeros_is_measured_in_little_memory() {
    let mut pack = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..64 {
        pack.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let source = Arc::new(Bytes { bytes: pack.finish().unwrap(), tag: "t".to_owned() });
    assert_eq!(
        unpack::measure(source.clone(), Format::Gzip, u64::MAX, &Progress::default()).unwrap(),
        64 << 20
    );
    assert!(unpack::measure(source, Format::Gzip, 1 << 20, &Progress::default()).is_err());
}
