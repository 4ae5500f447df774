//! Both forms of the data set, whole, cut short and damaged.

use super::*;
use std::io::Write;

/// Twelve reviews and four strays; in no order.
const FILES: [(&str, &str); 16] = [
    ("train/pos/320_8.txt", "p320"),
    ("train/pos/0_9.txt", "p0"),
    ("train/pos/3_7.txt", "p3<br />"),
    ("train/pos/49_7.txt", "p49"),
    ("train/neg/50_1.txt", "n50"),
    ("train/neg/7_2.txt", "n7 \u{e9}"),
    ("train/neg/10_4.txt", "n10"),
    ("test/pos/2_10.txt", "tp2"),
    ("test/pos/1_10.txt", "tp1"),
    ("test/neg/5_1.txt", ""),
    ("test/neg/6_1.txt", "tn6"),
    ("test/neg/11_1.txt", "tn11"),
    ("train/unsup/0_0.txt", "unlabelled"),
    ("train/pos/.hidden.txt", "stray"),
    ("train/labeledBow.feat", "9 0:9"),
    ("imdb.vocab", "the"),
];

fn bar() -> ProgressBar {
    ProgressBar::hidden()
}

fn tree(root: &Path, keep: impl Fn(&str) -> bool) {
    for (name, text) in FILES.iter().filter(|(name, _)| keep(name)) {
        let file = root.join(name);
        fs::create_dir_all(file.parent().expect("parent")).expect("folder");
        fs::write(file, text).expect("write");
    }
}

fn tar_of(prefix: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in FILES {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        // `Builder::append_data` would drop the leading `./`.
        let name = format!("{prefix}{name}");
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, text.as_bytes()).expect("append");
    }
    builder.into_inner().expect("tar")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), Default::default());
    packer.write_all(bytes).expect("gzip");
    packer.finish().expect("gzip")
}

fn archive(name: &str, bytes: &[u8]) -> Result<Corpus, DataError> {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("write");
    read_archive(&path, &bar())
}

#[test]
fn directory_and_archive_give_one_corpus_in_one_order() {
    let folder = tempfile::tempdir().expect("folder");
    tree(&folder.path().join("aclImdb"), |_| true);
    let corpus = read_directory(folder.path(), &bar()).expect("parent");
    let inner = read_directory(&folder.path().join("aclImdb"), &bar()).expect("inner");
    assert_eq!(corpus, inner);

    let texts = |set: &[Example]| set.iter().map(|e| e.text.clone()).collect::<Vec<_>>();
    assert_eq!(corpus.labels, ["negative", "positive"]);
    assert_eq!(
        texts(&corpus.train),
        ["n7 \u{e9}", "n10", "n50", "p0", "p3<br />", "p49", "p320"]
    );
    assert_eq!(texts(&corpus.test), ["", "tn6", "tn11", "tp1", "tp2"]);
    assert_eq!(corpus.unlabelled, ["unlabelled"]);
    let classes: Vec<usize> = corpus.train.iter().map(|e| e.label).collect();
    assert_eq!(classes, [0, 0, 0, 1, 1, 1, 1]);
    let groups: Vec<u32> = corpus.train.iter().map(|e| e.group).collect();
    assert_eq!(
        groups,
        [0, 0, 0, 1, 1, 1, 3],
        "250 ids a group, within the class"
    );

    for prefix in ["", "./", "aclImdb/", "./aclImdb/"] {
        let tar = tar_of(prefix);
        assert_eq!(archive("a.tar", &tar).expect("tar"), corpus, "{prefix:?}");
        assert_eq!(
            archive("a.tar.gz", &gzip(&tar)).expect("gz"),
            corpus,
            "{prefix:?}"
        );
    }
}

#[test]
fn a_missing_test_set_is_empty_and_half_of_one_is_an_error() {
    let folder = tempfile::tempdir().expect("folder");
    tree(folder.path(), |name| !name.starts_with("test"));
    assert!(
        read_directory(folder.path(), &bar())
            .expect("corpus")
            .test
            .is_empty()
    );
    tree(folder.path(), |name| name.starts_with("test/pos"));
    let error = read_directory(folder.path(), &bar())
        .expect_err("half")
        .to_string();
    assert!(error.contains("no reviews in test/neg"), "{error}");
}

#[test]
fn what_is_not_imdb_is_told_what_it_lacks() {
    let folder = tempfile::tempdir().expect("folder");
    let error = read_directory(folder.path(), &bar())
        .expect_err("empty")
        .to_string();
    assert!(
        error.contains("not the IMDB data set") && error.contains("train/neg"),
        "{error}"
    );
    let error = archive("a.tar", &tar_of("other/"))
        .expect_err("other")
        .to_string();
    assert!(error.contains("train/neg"), "{error}");
    let missing = read_directory(&folder.path().join("no"), &bar()).expect_err("missing");
    assert!(matches!(missing, DataError::Io { .. }), "{missing}");
    let file = folder.path().join("notes.txt");
    fs::write(&file, "x").expect("write");
    let error = read_directory(&file, &bar()).expect_err("file");
    assert!(matches!(error, DataError::UnknownForm { .. }), "{error}");
    let error = archive("a.tgz", b"plain text").expect_err("not packed");
    assert!(matches!(error, DataError::Archive { .. }), "{error}");
}

#[test]
fn every_truncation_of_an_archive_is_noticed() {
    let tar = tar_of("aclImdb/");
    // The two blocks of zeros at the end are the end mark; one of them is enough.
    for length in (0..=tar.len() - 1024).step_by(256) {
        let error = archive("a.tar", &tar[..length]).expect_err("cut");
        assert!(
            matches!(error, DataError::Truncated { .. }),
            "{length}: {error}"
        );
    }
    let packed = gzip(&tar);
    for length in 0..packed.len() {
        let error = archive("a.tar.gz", &packed[..length]).expect_err("cut");
        assert!(
            matches!(error, DataError::Truncated { .. }),
            "{length}: {error}"
        );
    }
}

#[test]
fn a_flipped_bit_is_caught_by_the_checksum() {
    let mut packed = gzip(&tar_of(""));
    let trailer = packed.len() - 8;
    packed[trailer] ^= 1;
    let error = archive("a.tar.gz", &packed).expect_err("flipped");
    assert!(matches!(error, DataError::Archive { .. }), "{error}");
}

#[test]
fn bad_bytes_and_bad_names_are_located() {
    let folder = tempfile::tempdir().expect("folder");
    tree(folder.path(), |_| true);
    let bad = folder.path().join("train/pos/1_7.txt");
    fs::write(&bad, b"ab\xff").expect("write");
    let error = read_directory(folder.path(), &bar())
        .expect_err("bytes")
        .to_string();
    assert!(
        error.contains("1_7.txt") && error.contains("byte 2"),
        "{error}"
    );
    fs::rename(&bad, folder.path().join("train/pos/one_7.txt")).expect("rename");
    let error = read_directory(folder.path(), &bar())
        .expect_err("name")
        .to_string();
    assert!(
        error.contains("one_7.txt") && error.contains("ID_RATING"),
        "{error}"
    );
}
