//! Whole files or nothing: write beside the target, sync, rename over it.
//!
//! Owns how a result reaches the disk; what the bytes mean is the caller's business.
//! A write that fails at any point (full disk, killed process, lost power) leaves the old
//! file as it was. Folders are never created: a mistyped path is an error, not a new tree.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why a file was not written; the file that stood there before is intact.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder that should hold the file does not exist.
    #[error("cannot write {}: there is no folder {}", path.display(), parent.display())]
    NoFolder {
        /// The file that was to be written.
        path: PathBuf,
        /// The missing folder.
        parent: PathBuf,
    },
    /// The path names a folder or a device, which a rename would fail on or destroy.
    #[error("cannot write {}: it is not a regular file", path.display())]
    NotAFile {
        /// The file that was to be written.
        path: PathBuf,
    },
    /// The operating system refused: no space, no permission, and so on.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file that was to be written.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Replaces the file at `path` by `bytes`.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_with(path, |file| file.write_all(bytes))
}

/// Replaces the file at `path` by whatever `fill` writes; an error from `fill` keeps the old file.
pub fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    let target = checked(path)?;
    replace(&target, folder_of(&target), fill).map_err(|source| WriteError::Io {
        path: path.to_owned(),
        source,
    })
}

/// Whether a file could be written at `path`, as far as that can be told before there is one.
pub fn check(path: &Path) -> Result<(), WriteError> {
    let target = checked(path)?;
    let trial = tempfile::tempfile_in(folder_of(&target));
    trial.map(drop).map_err(|source| WriteError::Io {
        path: path.to_owned(),
        source: io::Error::from(source.kind()),
    })
}

/// The file that `path` stands for, in a folder that exists.
fn checked(path: &Path) -> Result<PathBuf, WriteError> {
    let target = resolve(path)?;
    let parent = folder_of(&target);
    if !parent.is_dir() {
        let (path, parent) = (path.to_owned(), parent.to_owned());
        return Err(WriteError::NoFolder { path, parent });
    }
    Ok(target)
}

/// Follows a symbolic link to the file it stands for, so that the link survives the rename.
fn resolve(path: &Path) -> Result<PathBuf, WriteError> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(WriteError::NotAFile {
            path: path.to_owned(),
        }),
        Ok(_) => fs::canonicalize(path).map_err(|source| WriteError::Io {
            path: path.to_owned(),
            source,
        }),
        Err(_) => Ok(path.to_owned()),
    }
}

/// The folder of a path; a bare file name lives in the current one.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Fills a temporary file in `parent`, syncs it, renames it to `target` and syncs the folder.
fn replace(
    target: &Path,
    parent: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".partial-");
    #[cfg(unix)]
    {
        // A temporary file is private by default; a result is as readable as any other file.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(parent)?;
    let mut buffered = BufWriter::new(beside.as_file_mut());
    fill(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    beside.as_file().sync_all()?;
    beside.persist(target).map_err(|failed| failed.error)?;
    sync_folder(parent)
}

/// Makes the rename itself durable, where the system lets a folder be opened.
fn sync_folder(parent: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("folder");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("entry").file_name();
        entries
            .map(|entry| name(entry).into_string().expect("name"))
            .collect()
    }

    #[test]
    fn replaces_the_whole_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("model.spn");
        write(&path, b"a longer first version").expect("first");
        write(&path, b"second").expect("second");
        assert_eq!(fs::read(&path).expect("read"), b"second");
        assert_eq!(names_in(folder.path()), ["model.spn"]);
    }

    #[test]
    fn a_failure_half_way_leaves_the_old_file() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("model.spn");
        write(&path, b"old").expect("old");
        let failed = write_with(&path, |file| {
            file.write_all(&[7; 100_000])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        let message = failed.expect_err("must fail").to_string();
        assert!(message.contains("model.spn"), "{message}");
        assert_eq!(fs::read(&path).expect("read"), b"old");
        assert_eq!(names_in(folder.path()), ["model.spn"]);
    }

    #[test]
    fn a_missing_folder_is_an_error_and_is_not_created() {
        let folder = tempfile::tempdir().expect("folder");
        let failed = write(&folder.path().join("no/model.spn"), b"x").expect_err("must fail");
        assert!(matches!(failed, WriteError::NoFolder { .. }), "{failed}");
        assert!(names_in(folder.path()).is_empty());
    }

    #[test]
    fn a_folder_is_not_overwritten() {
        let folder = tempfile::tempdir().expect("folder");
        let failed = write(folder.path(), b"x").expect_err("must fail");
        assert!(matches!(failed, WriteError::NotAFile { .. }), "{failed}");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_replaced_by_a_file() {
        use std::os::unix::fs::FileTypeExt;
        // Through a link, so that a regression costs the link and not the device.
        let folder = tempfile::tempdir().expect("folder");
        let link = folder.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &link).expect("link");
        let failed = write(&link, b"x").expect_err("must fail");
        assert!(matches!(failed, WriteError::NotAFile { .. }), "{failed}");
        let kind = fs::metadata(&link).expect("metadata").file_type();
        assert!(kind.is_char_device());
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_stays_a_link() {
        let folder = tempfile::tempdir().expect("folder");
        let (file, link) = (folder.path().join("real"), folder.path().join("link"));
        write(&file, b"old").expect("old");
        std::os::unix::fs::symlink(&file, &link).expect("link");
        write(&link, b"new").expect("new");
        assert!(fs::symlink_metadata(&link).expect("link").is_symlink());
        assert_eq!(fs::read(&file).expect("read"), b"new");
    }
}
