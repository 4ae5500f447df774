//! `spinet search`: the best recipe that fits a device.

use super::{Outcome, output};
use crate::{
    data::{self, Columns, Corpus, DataError, Source},
    pipeline::Extent,
    progress::{bar, during},
    recipe::{Recipe, RecipeFields},
    record::hex,
    search::{
        self, Budget, Bytes, DataSet, Ending, Fate, Folder, Measured, Results, Space, Trainer,
        Trial,
    },
};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

const MORE: &str = "\
Trials by themselves, in processes on one machine or many that share the folder; then the report:
  parallel spinet search --data D --flash 64KiB --ram 4KiB --out F --trial {} ::: {0..99}
  sbatch --array=0-99 --wrap \\
    'spinet search --data D --flash 64KiB --ram 4KiB --out F --trial $SLURM_ARRAY_TASK_ID'
  spinet search --report --out F";

/// Try recipes for labelled texts whose models fit a device, and tell which are worth their bytes
#[derive(Args)]
#[command(after_help = MORE)]
pub(super) struct Search {
    #[command(flatten)]
    data: Texts,
    /// Flash for the model, without the program: 65536, 64KiB (1024 bytes each) or 64kB (1000)
    #[arg(long, value_name = "BYTES", required_unless_present = "report")]
    flash: Option<Bytes>,
    /// RAM for the model's state, without stack and program
    #[arg(long, value_name = "BYTES", required_unless_present = "report")]
    ram: Option<Bytes>,
    /// The folder of the search, made if there is none; trials that are in it are not run again
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Recipes to try: trial 0 and so on
    #[arg(long, default_value_t = 20, value_name = "N")]
    trials: u32,
    /// Trials that are trained at once, each with so many --threads
    #[arg(long, default_value_t = 1, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=256))]
    jobs: u32,
    /// Run this trial alone, and write no report
    #[arg(long, value_name = "I", conflicts_with_all = ["trials", "jobs", "report"])]
    trial: Option<u32>,
    /// Run none: only tell what is in the folder, and write its tables again
    #[arg(long)]
    report: bool,
    /// The recipe of all fields that are not drawn: a shipped one or a TOML file
    #[arg(long, default_value = "default", value_name = "NAME|FILE")]
    recipe: String,
    /// What is drawn, a list or a range for each field (TOML) [default: recipes/search.toml of
    /// the program's source]
    #[arg(long, value_name = "FILE")]
    space: Option<PathBuf>,
    #[command(flatten)]
    fields: RecipeFields,
}

/// Labelled texts.
#[derive(Args)]
struct Texts {
    /// Labelled texts, as `train` reads them
    #[arg(long, value_name = "PATH", required_unless_present = "report")]
    data: Option<PathBuf>,
    /// Another such source, read as the test examples
    #[arg(long, value_name = "PATH")]
    test_data: Option<PathBuf>,
    /// Texts without labels, one a line, as `train` reads them
    #[arg(long, value_name = "FILE")]
    unlabelled: Option<PathBuf>,
    /// What teachers said of the texts (see `spinet distill`), for every trial to learn from
    #[arg(long, value_name = "FILE")]
    soft_labels: Option<PathBuf>,
    /// Column (or key) of the text
    #[arg(long, default_value = "text", value_name = "NAME")]
    text_column: String,
    /// Column (or key) of the label
    #[arg(long, default_value = "label", value_name = "NAME")]
    label_column: String,
}

impl Search {
    pub fn run(self) -> Outcome {
        let (Some(flash), Some(ram), false) = (self.flash, self.ram, self.report) else {
            let (folder, search) = Folder::existing(&self.out)?;
            return report(&folder, &search);
        };
        let search = search::Search {
            budget: Budget { flash, ram },
            space: Space::load(self.space.as_deref())?.without(&self.fields),
            base: Recipe::named(&self.recipe, self.fields)?,
            data: self.data.set()?,
        };
        search.check()?;
        let folder = Folder::open(&self.out, &search)?;
        let trainer = Trainer {
            program: std::env::current_exe()?,
            search: &search,
            folder: &folder,
        };
        let Some(trial) = self.trial else {
            let whole = run(&trainer, self.trials, self.jobs)?;
            return Ok(report(&folder, &search)? && whole);
        };
        let ending = trainer.run(trial)?;
        output::line(Told::of(&trainer, trial, ending)?)?;
        Ok(ending != Ending::Killed)
    }
}

impl Texts {
    /// What the trials are trained on.
    fn set(&self) -> Result<DataSet, DataError> {
        let path = self.data.as_deref().unwrap_or(Path::new("builtin"));
        let corpus = self.load(path)?;
        let mut flags: Vec<OsString> = vec!["--data".into(), path.into()];
        flags.extend(["--text-column".into(), (&self.text_column).into()]);
        flags.extend(["--label-column".into(), (&self.label_column).into()]);
        for (flag, file) in [
            ("--test-data", &self.test_data),
            ("--unlabelled", &self.unlabelled),
            ("--soft-labels", &self.soft_labels),
        ] {
            if let Some(file) = file {
                flags.extend([flag.into(), file.into()]);
            }
        }
        Ok(DataSet {
            flags,
            sha256: hex(&corpus.sha256),
            extent: during("counting words", || Extent::of(&corpus)),
        })
    }

    fn load(&self, path: &Path) -> Result<Corpus, DataError> {
        let source = |path: &Path| -> Source {
            let Ok(source) = path.to_string_lossy().parse();
            source
        };
        let columns = Columns {
            text: self.text_column.clone(),
            label: self.label_column.clone(),
        };
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let corpus = data::load(&source(path), &columns, &bar)?;
        let corpus = match &self.test_data {
            None => corpus,
            Some(test) => data::load_test(corpus, &source(test), &columns, &bar)?,
        };
        bar.finish_and_clear();
        Ok(corpus)
    }
}

/// Runs the first `trials` trials, `jobs` at once; whether none was killed.
fn run(trainer: &Trainer<'_>, trials: u32, jobs: u32) -> Outcome {
    let (next, killed) = (AtomicU32::new(0), AtomicU32::new(0));
    let progress = bar(trials as usize, "trials");
    let work = || -> Result<(), String> {
        loop {
            let trial = next.fetch_add(1, Ordering::Relaxed);
            if trial >= trials {
                return Ok(());
            }
            let told = one(trainer, trial, &killed).inspect_err(|_| {
                // What others have begun they finish; nothing else is begun.
                next.store(trials, Ordering::Relaxed);
            })?;
            progress
                .suspend(|| output::line(told))
                .map_err(|error| error.to_string())?;
            progress.inc(1);
        }
    };
    let outcomes = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined.collect::<Result<Vec<_>, _>>()
    });
    progress.finish_and_clear();
    let outcomes = outcomes.map_err(|_| "a trial's thread panicked")?;
    outcomes.into_iter().collect::<Result<(), String>>()?;
    Ok(killed.into_inner() == 0)
}

fn one(trainer: &Trainer<'_>, trial: u32, killed: &AtomicU32) -> Result<String, String> {
    let told = || {
        let ending = trainer.run(trial)?;
        if ending == Ending::Killed {
            killed.fetch_add(1, Ordering::Relaxed);
        }
        Told::of(trainer, trial, ending)
    };
    told().map_err(|error: search::SearchError| error.to_string())
}

/// A line about a trial.
struct Told;

impl Told {
    fn of(
        trainer: &Trainer<'_>,
        trial: u32,
        ending: Ending,
    ) -> Result<String, search::SearchError> {
        let known = match ending {
            Ending::Elsewhere => return Ok(format!("trial {trial}: another process runs it")),
            Ending::Killed => {
                return Ok(format!(
                    "trial {trial}: killed; the same command runs it again"
                ));
            }
            Ending::Before => " (known)",
            Ending::Now => "",
        };
        let Trial { fate, .. } = Trial::read(trainer.folder, trainer.search, trial)?;
        let told = match fate {
            Fate::Fits(measured) => shown(&measured),
            Fate::TooLarge(measured) => format!("{}, beyond the budget", shown(&measured)),
            Fate::Failed(reason) => format!("failed: {reason}"),
        };
        Ok(format!("trial {trial}: {told}{known}"))
    }
}

fn shown(measured: &Measured) -> String {
    let n = output::thousands;
    format!(
        "{} bytes, {} of RAM, accuracy {:.2} %, loss {:.4}",
        n(measured.footprint.flash),
        n(measured.footprint.ram),
        measured.score.accuracy * 100.0,
        measured.score.loss
    )
}

/// Tells what is in a folder, and writes its tables.
fn report(folder: &Folder, search: &search::Search) -> Outcome {
    let results = Results::read(folder, search)?;
    let written = results.write(folder, search)?;
    let front = results.front();
    if front.is_empty() {
        output::line("no trial has a model within the budget")?;
    } else {
        output::line(format_args!(
            "\n{:>5}  {:>9}  {:>6}  {:>9}  {:>6}  recipe",
            "trial", "bytes", "RAM", "accuracy", "loss"
        ))?;
    }
    for (trial, measured) in front {
        output::line(format_args!(
            "{:>5}  {:>9}  {:>6}  {:>7.2} %  {:.4}  {}",
            trial.number,
            output::thousands(measured.footprint.flash),
            output::thousands(measured.footprint.ram),
            measured.score.accuracy * 100.0,
            measured.score.loss,
            search.drawn(&trial.recipe)
        ))?;
    }
    let written: Vec<_> = written
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    output::line(format_args!(
        "{} trials: {}",
        results.trials.len(),
        written.join(", ")
    ))?;
    Ok(true)
}
