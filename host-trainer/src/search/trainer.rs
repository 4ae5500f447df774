//! A trial: a process of its own that trains one recipe.

use super::{
    Folder, Search, SearchError,
    fields::flags,
    folder::{Failure, TrialFiles},
};
use crate::recipe::Recipe;
use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
};

/// What trains the recipes of a search, and where.
#[derive(Debug)]
pub struct Trainer<'s> {
    /// The `spinet` program.
    pub program: PathBuf,
    /// The search.
    pub search: &'s Search,
    /// Its folder.
    pub folder: &'s Folder,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It had ended before: with a model, or for a reason that will not go away.
    Before,
    /// Another process is at it.
    Elsewhere,
    /// Now.
    Now,
    /// Its process was killed; it can be run again.
    Killed,
}

impl Trainer<'_> {
    /// Runs a trial, unless it has been or is being run.
    ///
    /// # Errors
    /// If there is no recipe for it, or the process cannot be started; that the training failed
    /// is kept in the folder.
    pub fn run(&self, trial: u32) -> Result<Ending, SearchError> {
        let (recipe, _) = self.search.recipe(trial)?;
        let files = self.folder.trial(trial);
        let ended = || files.ended(&recipe, &self.search.data.sha256);
        if ended()? {
            return Ok(Ending::Before);
        }
        let Some(claim) = files.claim()? else {
            return Ok(Ending::Elsewhere);
        };
        // It may have ended between the look and the claim.
        if ended()? {
            files.release(claim);
            return Ok(Ending::Before);
        }
        let status = self.train(&recipe, &files, &claim)?;
        match status.code() {
            None => return Ok(Ending::Killed),
            Some(0) => forget(&files.failure)?,
            Some(_) => {
                let reason = last_line(&files)?;
                files.fail(&Failure { recipe, reason })?;
                forget(&files.artifact)?;
            }
        }
        files.release(claim);
        Ok(Ending::Now)
    }

    /// Trains in a process that holds the claim as well, as its input that nobody reads: should
    /// this one be killed, the trial is not free before its training has ended too.
    fn train(
        &self,
        recipe: &Recipe,
        files: &TrialFiles,
        claim: &File,
    ) -> Result<ExitStatus, SearchError> {
        let failed = |error| SearchError::read(&files.log, error);
        let log = File::create(&files.log).map_err(failed)?;
        let (input, output) = (claim.try_clone(), log.try_clone());
        Command::new(&self.program)
            .arg("train")
            .args(&self.search.data.flags)
            .args(["--recipe", "default", "--out"])
            .arg(&files.artifact)
            .args(flags(recipe))
            .stdin(Stdio::from(input.map_err(failed)?))
            .stdout(Stdio::from(output.map_err(failed)?))
            .stderr(Stdio::from(log))
            .status()
            .map_err(|error| SearchError::read(&self.program, error))
    }
}

/// Removes what another run of the trial may have left.
fn forget(path: &std::path::Path) -> Result<(), SearchError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SearchError::read(path, error))
        }
        _ => Ok(()),
    }
}

/// What a training said before it gave up.
fn last_line(files: &TrialFiles) -> Result<String, SearchError> {
    let log = fs::read(&files.log).map_err(|error| SearchError::read(&files.log, error))?;
    let log = String::from_utf8_lossy(&log);
    let last = log.lines().rfind(|line| !line.trim().is_empty());
    let last = last.map(|line| line.trim().trim_start_matches("error: ").to_owned());
    Ok(last.unwrap_or_else(|| "it said nothing".into()))
}
