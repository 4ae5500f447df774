//! Loading series from files that the tests write.

use super::*;
use std::io::{Cursor, Write};
use std::path::PathBuf;

use npyz::{AutoSerialize, Order, WriterBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An array file; `values` are in the order of the file.
fn npy<T: AutoSerialize>(shape: &[u64], order: Order, values: Vec<T>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new()
        .default_dtype()
        .shape(shape)
        .order(order);
    let mut writer = options.writer(&mut bytes).begin_nd().expect("begin");
    writer.extend(values).expect("values");
    writer.finish().expect("finish");
    bytes
}

/// The array `[example, time, feature] -> 100 example + 10 time + feature`, of shape (2, 3, 2).
fn counting<T: AutoSerialize + From<u8>>() -> Vec<u8> {
    let digits = [0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121];
    npy(&[2, 3, 2], Order::C, digits.map(T::from).into())
}

/// Class names of a text type such as `<U3` or `|S3`.
fn text(kind: &str, names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let kind = npyz::DType::Plain(kind.parse().expect("type"));
    let shape = [names.len() as u64];
    let options = npyz::WriteOptions::<str>::new().dtype(kind).shape(&shape);
    let mut writer = options.writer(&mut bytes).begin_nd().expect("begin");
    names
        .iter()
        .for_each(|name| writer.push(name).expect("name"));
    writer.finish().expect("finish");
    bytes
}

fn npz(method: CompressionMethod, arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{name}.npy"), options)
            .expect("entry");
        zip.write_all(bytes).expect("write");
    }
    zip.finish().expect("finish").into_inner()
}

fn packed(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    npz(CompressionMethod::Deflated, arrays)
}

fn loaded(name: &str, bytes: &[u8]) -> Result<Series, DataError> {
    let folder = tempfile::tempdir().expect("folder");
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, bytes).expect("write");
    let source: SeriesSource = path.to_str().expect("path").parse().expect("source");
    load(&source, &SeriesColumns::default(), &ProgressBar::hidden())
}

fn refused(name: &str, bytes: &[u8]) -> String {
    let message = loaded(name, bytes).expect_err("must fail").to_string();
    assert!(
        message.contains(name) && !message.contains('\n'),
        "{message}"
    );
    message
}

#[test]
fn every_type_of_number_and_both_orders_are_the_same_series() {
    let first = loaded("a.npy", &counting::<f32>()).expect("f32");
    assert_eq!(
        (first.features, first.labels.len(), first.test.len()),
        (2, 0, 0)
    );
    assert_eq!(first.train[0].values, [0.0, 1.0, 10.0, 11.0, 20.0, 21.0]);
    assert_eq!(
        first.train[1].values,
        [100.0, 101.0, 110.0, 111.0, 120.0, 121.0]
    );
    let columns = [0u8, 100, 10, 110, 20, 120, 1, 101, 11, 111, 21, 121].map(f32::from);
    let others = [
        counting::<f64>(),
        counting::<npyz::half::f16>(),
        counting::<u8>(),
        counting::<u16>(),
        counting::<i32>(),
        counting::<u32>(),
        counting::<i64>(),
        counting::<u64>(),
        npy(&[2, 3, 2], Order::Fortran, columns.to_vec()),
    ];
    for bytes in others {
        assert_eq!(loaded("a.npy", &bytes).expect("series"), first);
    }
}

#[test]
fn other_ranks_are_refused_with_what_would_do() {
    let flat = refused("a.npy", &npy(&[2, 3], Order::C, vec![0.5f32; 6]));
    assert!(flat.contains("rank 2 and shape [2, 3]"), "{flat}");
    assert!(flat.contains("(examples, time, features) expected; reshape (N,T) to (N,T,1)"));
    let deep = refused("a.npy", &npy(&[1, 2, 3, 1], Order::C, vec![0.5f32; 6]));
    assert!(
        deep.contains("rank 4") && !deep.contains("reshape"),
        "{deep}"
    );
    let empty = refused("a.npy", &npy(&[0, 3, 2], Order::C, Vec::<f32>::new()));
    assert!(empty.contains("no values"), "{empty}");
}

#[test]
fn a_value_that_is_no_number_is_named_by_its_place() {
    let mut values = vec![0.0f64; 12];
    values[9] = f64::NAN;
    let message = refused("a.npy", &npy(&[2, 3, 2], Order::C, values.clone()));
    assert!(
        message.contains("NaN at example 1, time 1, feature 1"),
        "{message}"
    );
    // Finite in the file, not as a 32-bit float; the ninth value of columns is at [1, 1, 1].
    values[9] = -1e300;
    let message = refused("a.npy", &npy(&[2, 3, 2], Order::Fortran, values));
    assert!(
        message.contains("-inf at example 1, time 1, feature 1"),
        "{message}"
    );
}

#[test]
fn a_header_that_promises_too_much_is_refused() {
    let whole = counting::<f32>();
    let cut = refused("a.npy", &whole[..whole.len() - 1]);
    assert!(cut.contains("cannot be read"), "{cut}");
    for axis in ["99999999", "4611686018427387904"] {
        let text = String::from_utf8_lossy(&whole[10..128]).replace("(2, ", &format!("({axis}, "));
        let mut bytes = whole[..10].to_vec();
        bytes[8..10].copy_from_slice(&(text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.extend(&whole[128..]);
        let message = refused("a.npy", &bytes);
        assert!(
            message.contains("the file holds") && message.contains(axis),
            "{message}"
        );
    }
    assert!(refused("a.npy", b"text").contains("cannot be read"));
    assert!(refused("a.npy", b"").contains("cannot be read"));
}

#[test]
fn an_archive_brings_classes_and_a_test_set() {
    let test = npy(&[1, 4, 2], Order::C, vec![0.5f32; 8]);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let arrays = [
            ("x_train", counting::<f32>()),
            ("y_train", npy(&[2, 1], Order::C, vec![10i64, -3])),
            ("x_test", test.clone()),
            ("y_test", npy(&[1], Order::C, vec![10u8])),
        ];
        let series = loaded("a.npz", &npz(method, &arrays)).expect("series");
        assert_eq!(series.labels, ["-3", "10"]);
        let classes: Vec<usize> = series.train.iter().map(|example| example.label).collect();
        assert_eq!((classes, series.test[0].label), (vec![1, 0], 1));
        assert_eq!(series.test[0].values, [0.5; 8]);
    }
    let bare = loaded("a.npz", &packed(&[("data", counting::<f32>())])).expect("series");
    assert_eq!(bare, loaded("a.npy", &counting::<f32>()).expect("series"));
}

#[test]
fn classes_may_be_text() {
    for kind in ["<U6", "|S6", ">U9"] {
        let names = text(kind, &["walk", "rest"]);
        let series = loaded("a.npz", &packed(&[("X", counting::<f32>()), ("Y", names)]));
        let series = series.expect("series");
        assert_eq!(series.labels, ["rest", "walk"], "{kind}");
        assert_eq!(series.train[0].label, 1);
    }
}

#[test]
fn an_archive_without_what_is_needed_lists_what_it_has() {
    let x = counting::<f32>;
    let y = || npy(&[2], Order::C, vec![0i64, 1]);
    let none = refused("a.npz", &packed(&[("inputs", x()), ("arr_0", y())]));
    assert!(
        none.contains("x or X or data") && none.contains(r#"["arr_0", "inputs"]"#),
        "{none}"
    );
    let half = refused("a.npz", &packed(&[("x", x()), ("y", y()), ("x_test", x())]));
    assert!(half.contains("no array named y_test"), "{half}");
    let half = refused(
        "a.npz",
        &packed(&[("x", x()), ("x_test", x()), ("y_test", y())]),
    );
    assert!(half.contains("no array named y or"), "{half}");
    let half = refused("a.npz", &packed(&[("x", x()), ("y", y()), ("y_test", y())]));
    assert!(half.contains("no array named x_test"), "{half}");
    assert!(refused("a.npz", b"PK not really").contains("damaged"));
}

#[test]
fn labels_that_do_not_fit_are_refused() {
    let with = |y: Vec<u8>| refused("a.npz", &packed(&[("x", counting::<f32>()), ("y", y)]));
    let more = with(npy(&[3], Order::C, vec![0i64, 1, 2]));
    assert!(
        more.contains("shape [3], but there are 2 examples"),
        "{more}"
    );
    assert!(more.contains("y.npy"), "{more}");
    let wide = with(npy(&[2, 2], Order::C, vec![0i64; 4]));
    assert!(wide.contains("shape [2, 2]"), "{wide}");
    let real = with(npy(&[2], Order::C, vec![0.5f32, 1.0]));
    assert!(real.contains("integers or text expected"), "{real}");
    let blank = with(text("<U4", &["walk", " "]));
    assert!(blank.contains("example 1"), "{blank}");
}

#[test]
fn a_test_set_must_fit_the_training_set() {
    let arrays = |x: Vec<u8>, label: i64| {
        packed(&[
            ("x", counting::<f32>()),
            ("y", npy(&[2], Order::C, vec![0i64, 1])),
            ("x_test", x),
            ("y_test", npy(&[1], Order::C, vec![label])),
        ])
    };
    let narrow = refused(
        "a.npz",
        &arrays(npy(&[1, 2, 1], Order::C, vec![0.5f32; 2]), 0),
    );
    assert!(
        narrow.contains("1 features, the training set 2"),
        "{narrow}"
    );
    let stray = refused(
        "a.npz",
        &arrays(npy(&[1, 1, 2], Order::C, vec![0.5f32; 2]), 7),
    );
    assert!(stray.contains("\"7\""), "{stray}");
}

#[test]
fn rows_of_a_table_are_steps() {
    let csv = "label,example,ax,time,ay\nwalk,b,1,0,2\nwalk,b,-3e-1,0.5,4\nrest,a,5,0,6\n";
    let series = loaded("a.csv", csv.as_bytes()).expect("series");
    assert_eq!((series.features, series.labels.len()), (2, 2));
    assert_eq!(series.train[0].values, [1.0, 2.0, -0.3, 4.0]);
    assert_eq!(series.train[1].values, [5.0, 6.0]);
    assert_eq!((series.train[0].label, series.train[1].label), (1, 0));
    assert_eq!(
        loaded("a.tsv", csv.replace(',', "\t").as_bytes()).expect("series"),
        series
    );
    let bare = loaded("a.csv", b"example,v\n1,7\n1,8\n2,7\n2,8\n").expect("series");
    assert!(bare.labels.is_empty());
    let groups: Vec<u32> = bare.train.iter().map(|example| example.group).collect();
    assert_eq!(groups, [0, 0]);
}

#[test]
fn a_bad_row_is_named_by_its_line() {
    let cases = [
        (
            "example,v\na,1\na,x\n",
            "line 3: \"x\" in column \"v\" is not a number",
        ),
        (
            "example,v\na,1\na,\n",
            "line 3: \"\" in column \"v\" is not a number",
        ),
        (
            "example,v\na,NaN\n",
            "line 2: \"NaN\" in column \"v\" is not finite",
        ),
        (
            "example,v\na,1e39\n",
            "line 2: 1e39 in column \"v\" is too large",
        ),
        (
            "example,v\na,1\nb,1\na,2\n",
            "line 4: example \"a\" is resumed",
        ),
        (
            "example,label,v\na,x,1\na,y,1\n",
            "line 3: the label of example \"a\" changes",
        ),
        ("example,label,v\na,x,1\nb,,1\n", "line 3: the label \"\""),
        (
            "example,time,v\na,2,1\na,1,1\n",
            "line 3: the time of example \"a\" runs backwards",
        ),
        (
            "example,v\na,1,2\n",
            "line 2: the row has 3 fields, the header 2",
        ),
        (
            "example,label,time\na,x,1\n",
            "line 1: there are no columns of features",
        ),
        ("id,v\na,1\n", "line 1: there is no column \"example\""),
        ("example,v\n", "holds no examples"),
    ];
    for (content, expected) in cases {
        let message = refused("a.csv", content.as_bytes());
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn the_generated_series_need_no_file() {
    for (word, features) in [("waveform", WAVEFORM_FRAME), ("glyphs", GLYPH_WIDTH)] {
        let source: SeriesSource = word.parse().expect("source");
        let series = load(&source, &SeriesColumns::default(), &ProgressBar::hidden());
        let series = series.expect("series");
        assert_eq!(series.features, features);
        let all = series.train.iter().chain(&series.test);
        for example in all {
            assert!(example.label < series.labels.len());
            assert_eq!(example.values.len() % features, 0);
            assert!(example.values.iter().all(|value| value.abs() <= 1.0));
        }
    }
}
