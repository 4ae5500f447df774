//! The folder of a search, which is all that its processes share.
//!
//! | file | what it is |
//! |---|---|
//! | `search.json` | the search: another one is refused |
//! | `trial-0007.spinet` and its like | the model of trial 7 and its [files](crate::record) |
//! | `trial-0007.log` | what its training printed |
//! | `trial-0007.failed` | instead of a model: its recipe, and why there is none |
//! | `trial-0007.claim` | locked while a process works on it |
//! | `results.csv`, `best.toml`, `pareto.svg` | what came out so far |
//!
//! A claim is a lock of the operating system, which ends with the process that holds it, however
//! it ends: a claim that nobody holds is free, and no process has to be asked whether it lives.

use super::{Search, SearchError};
use crate::{durable, recipe::Recipe};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The folder of a search.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

/// Where a trial's files lie, beside those of its model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialFiles {
    /// The artifact. Where it is, everything is.
    pub artifact: PathBuf,
    /// Its provenance.
    pub provenance: PathBuf,
    /// What the training printed.
    pub log: PathBuf,
    /// Why there is no model.
    pub failure: PathBuf,
    /// Who works on it.
    pub claim: PathBuf,
}

/// What stands in a `.failed` file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    pub recipe: Recipe,
    pub reason: String,
}

/// What of a model's provenance matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Provenance {
    pub recipe: Recipe,
    pub data_sha256: String,
    pub validation: Validation,
}

#[derive(Debug, Deserialize)]
pub(super) struct Validation {
    pub float: crate::training::Score,
    pub quantised: crate::training::Score,
}

impl Folder {
    /// Opens the folder of this search, and makes it if there is none; the folder that it lies
    /// in must be there.
    ///
    /// # Errors
    /// [`SearchError::OtherSearch`] if it is another's.
    pub fn open(path: &Path, search: &Search) -> Result<Self, SearchError> {
        match fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(SearchError::read(path, error));
            }
            _ => {}
        }
        let (folder, file) = (Self { path: path.into() }, path.join("search.json"));
        let own = serde_json::to_value(search).map_err(|error| SearchError::json(&file, error))?;
        create(&file, &own).map_err(|error| SearchError::read(&file, error))?;
        // Whoever was first, what stands there is what counts.
        let found: Value = read(&file)?;
        match difference("", &found, &own) {
            None => Ok(folder),
            Some((field, found, asked)) => Err(SearchError::OtherSearch {
                path: path.to_owned(),
                field,
                found,
                asked,
            }),
        }
    }

    /// Opens the folder of some search.
    ///
    /// # Errors
    /// [`SearchError::NoSearch`] if it is none.
    pub fn existing(path: &Path) -> Result<(Self, Search), SearchError> {
        let file = path.join("search.json");
        if !file.exists() {
            let path = path.to_owned();
            return Err(SearchError::NoSearch { path });
        }
        Ok((Self { path: path.into() }, read(&file)?))
    }

    /// A file of the search itself.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where the files of a trial lie.
    pub fn trial(&self, trial: u32) -> TrialFiles {
        let file = |extension| self.path.join(format!("trial-{trial:04}.{extension}"));
        TrialFiles {
            artifact: file("spinet"),
            provenance: file("json"),
            log: file("log"),
            failure: file("failed"),
            claim: file("claim"),
        }
    }

    /// The trials that came to an end, ascending.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn ended(&self) -> Result<Vec<u32>, SearchError> {
        let failed = |error| SearchError::read(&self.path, error);
        let mut trials = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_string_lossy();
            let number = name.strip_prefix("trial-").and_then(|rest| {
                let failed = || rest.strip_suffix(".failed");
                rest.strip_suffix(".spinet").or_else(failed)
            });
            trials.extend(number.and_then(|number| number.parse::<u32>().ok()));
        }
        trials.sort_unstable();
        trials.dedup();
        Ok(trials)
    }
}

impl TrialFiles {
    /// Takes the trial for this process and whoever inherits the file. `None` if another has it.
    ///
    /// # Errors
    /// If the claim cannot be made.
    pub fn claim(&self) -> Result<Option<File>, SearchError> {
        let failed = |error| SearchError::read(&self.claim, error);
        let mut options = OpenOptions::new();
        let claim = options.read(true).write(true).create(true).truncate(false);
        let claim = claim.open(&self.claim).map_err(failed)?;
        match claim.try_lock() {
            Ok(()) => Ok(Some(claim)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Gives back the claim of a trial that came to an end.
    pub fn release(&self, claim: File) {
        // Whoever opened the file before it goes will find that the trial has ended.
        let _ = fs::remove_file(&self.claim);
        drop(claim);
    }

    /// Whether the trial of this recipe on these data came to an end, with a model or without.
    ///
    /// # Errors
    /// If its files cannot be read.
    pub fn ended(&self, recipe: &Recipe, sha256: &str) -> Result<bool, SearchError> {
        if self.artifact.exists() && self.provenance.exists() {
            let found: Provenance = read(&self.provenance)?;
            return Ok(found.recipe == *recipe && found.data_sha256 == sha256);
        }
        if self.failure.exists() {
            return Ok(read::<Failure>(&self.failure)?.recipe == *recipe);
        }
        Ok(false)
    }

    /// Keeps why there is no model.
    pub(super) fn fail(&self, failure: &Failure) -> Result<(), SearchError> {
        let json = serde_json::to_vec_pretty(failure);
        let json = json.map_err(|error| SearchError::json(&self.failure, error))?;
        Ok(durable::write(&self.failure, &json)?)
    }
}

/// A file of JSON.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, SearchError> {
    let bytes = fs::read(path).map_err(|error| SearchError::read(path, error))?;
    serde_json::from_slice(&bytes).map_err(|error| SearchError::json(path, error))
}

/// Writes a file, whole or not at all, unless there is one.
fn create(path: &Path, value: &Value) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new()
        .prefix(".partial-")
        .tempfile_in(parent)?;
    beside.write_all(format!("{value:#}\n").as_bytes())?;
    beside.as_file().sync_all()?;
    match beside.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    }
}

/// The first field in which two objects differ, and what it is in each.
fn difference(name: &str, one: &Value, other: &Value) -> Option<(String, String, String)> {
    let (Value::Object(fields), Value::Object(others)) = (one, other) else {
        return (one != other).then(|| (name.to_owned(), one.to_string(), other.to_string()));
    };
    let mut names: Vec<&String> = fields.keys().chain(others.keys()).collect();
    names.sort_unstable();
    names.into_iter().find_map(|field| {
        let whole = match name {
            "" => field.clone(),
            name => format!("{name}.{field}"),
        };
        difference(&whole, &one[field], &other[field])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_claim_is_one_process_s_until_it_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let files = Folder { path }.trial(7);
        let claim = files.claim().unwrap().unwrap();
        assert!(files.claim().unwrap().is_none());
        // As a process that inherits it does.
        let inherited = claim.try_clone().unwrap();
        drop(claim);
        assert!(files.claim().unwrap().is_none());
        drop(inherited);
        assert!(files.claim.exists());
        // Processes that other tests start hold it for the moment before they are themselves.
        let free = || {
            (0..2_000).find_map(|_| {
                std::thread::sleep(std::time::Duration::from_millis(1));
                files.claim().unwrap()
            })
        };
        files.release(free().unwrap());
        assert!(!files.claim.exists());
        assert!(free().is_some());
    }

    #[test]
    fn trials_that_ended_are_found_by_their_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "trial-0012.spinet",
            "trial-0012.json",
            "trial-0003.failed",
            "trial-0004.json",
            "trial-0005.claim",
            "trial-12345.spinet",
            "trial-x.spinet",
            "best.toml",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let path = folder.path().to_owned();
        assert_eq!(Folder { path }.ended().unwrap(), [3, 12, 12345]);
    }

    #[test]
    fn the_first_difference_is_named_from_the_outside_in() {
        let one = json!({"budget": {"flash": 1, "ram": 2}, "base": {"seed": 1}});
        let other = json!({"budget": {"flash": 1, "ram": 3}, "base": {"seed": 1}});
        assert_eq!(difference("", &one, &one), None);
        let expected = ("budget.ram".to_owned(), "2".to_owned(), "3".to_owned());
        assert_eq!(difference("", &one, &other), Some(expected));
        let less = json!({"budget": {"flash": 1, "ram": 2}});
        let (field, found, asked) = difference("", &one, &less).unwrap();
        assert_eq!(
            (&*field, &*found, &*asked),
            ("base", "{\"seed\":1}", "null")
        );
    }

    #[test]
    fn a_file_that_is_there_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("search.json");
        create(&file, &json!({"first": 1})).unwrap();
        create(&file, &json!({"second": 2})).unwrap();
        assert_eq!(read::<Value>(&file).unwrap(), json!({"first": 1}));
        fs::write(&file, "{").unwrap();
        let error = read::<Value>(&file).unwrap_err().to_string();
        assert!(
            error.contains("search.json") && error.contains("line 1"),
            "{error}"
        );
    }
}
