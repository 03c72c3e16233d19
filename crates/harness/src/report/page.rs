//! `report.html` and `trace.json`, which are drawn by `viz`.
//!
//! What is here is what viz cannot know: the verdict in words, the same that text and JSON have,
//! and which of a run's details go where.

use super::Comparison;
use super::comparison::Names;
use super::differences::{Difference, differences};
use super::expectations::evidence;
use super::headline::headlines;
use super::suggestion::suggestion;
use super::verdict::{legend, verdicts};
use crate::provenance::{Build, quote};
use crate::run::{Chapter as ChapterOfRuns, Measured};
use viz::TraceRun;
use viz::html::{Block, Chapter, More, Page, PageRun, Theory, Verdict, page};

/// Wide enough for every sentence to be one line.
const ENDLESS: usize = usize::MAX;
const REPEAT: &str = "cargo run --release -p sage -- run spec.yaml";

impl Comparison<'_> {
    /// The whole page.
    pub(crate) fn page(&self) -> String {
        let runs: Vec<PageRun<'_>> = self
            .runs
            .iter()
            .map(|run| PageRun {
                report: &run.report,
                ideal: run.ideal.map(|ideal| (ideal.rate, ideal.drain_limited)),
                curve: &run.detail.curve,
                load: run.detail.load.as_ref(),
            })
            .collect();
        let blocks: Vec<Vec<Block>> = self.chapters.iter().map(ChapterOfRuns::blocks).collect();
        let chapters = self.chapters.iter().zip(&blocks).map(|(chapter, blocks)| Chapter {
            name: chapter.name,
            blocks,
            plane: chapter.plane.as_ref(),
        });
        page(&Page {
            title: self.title,
            incomplete: self.incomplete.as_deref(),
            verdict: &self.verdict(),
            runs: &runs,
            chapters: &chapters.collect::<Vec<_>>(),
            theory: &self.runs.iter().filter_map(theory).collect::<Vec<_>>(),
            spec: self.spec,
            made: &self.made(),
            repeat: REPEAT,
        })
    }

    /// The command line through cargo: that of the process names a program that no shell would find.
    fn made(&self) -> String {
        let released = self.circumstances.build() == Build::Release;
        let start = match released {
            true => self.command.clone(),
            false => self.command.replacen(" --release", "", 1),
        };
        let words = [start].into_iter().chain(self.arguments.iter().map(|word| quote(word)));
        words.collect::<Vec<_>>().join(" ")
    }

    /// The first calls of all runs on a time line.
    pub(crate) fn trace(&self) -> Vec<u8> {
        let runs: Vec<TraceRun<'_>> = self
            .runs
            .iter()
            .map(|run| TraceRun { report: &run.report, calls: &run.detail.calls })
            .collect();
        let mut bytes = Vec::new();
        // Writing to memory does not fail.
        let _ = viz::trace(&mut bytes, &runs);
        bytes
    }

    fn verdict(&self) -> Verdict {
        let differences = differences(self.runs);
        let part_of = |run: &Measured| run.report.metrics.config.part.clone();
        let mut parts = Vec::new();
        for runs in self.runs.chunk_by(|one, other| part_of(one) == part_of(other)) {
            let (part, names) = (part_of(&runs[0]), Names::of(runs));
            let of_part: Vec<&Difference> =
                differences.iter().filter(|difference| difference.part == part).collect();
            let told = lines(&verdicts(&of_part, ENDLESS, |run| names.short(run)));
            if !told.is_empty() {
                parts.push((part, told));
            }
        }
        let failures = self.failures().into_iter().map(|told| (String::new(), told));
        let claim = |it: &crate::expect::Judgement| {
            (it.claim.text().to_owned(), it.verdict.word().to_owned(), evidence(it))
        };
        Verdict {
            headlines: failures.chain(headlines(self, &differences)).collect(),
            parts,
            claims: self.expectations.iter().map(claim).collect(),
            cautions: self.cautions(),
            more: more(&suggestion(self, &differences, ENDLESS)),
            legend: legend(&differences),
        }
    }

    /// What a reader may be tempted to conclude and should not.
    fn cautions(&self) -> Vec<String> {
        let mut cautions: Vec<String> = self.remarks(false);
        let configs = || self.runs.iter().map(|run| &run.report.metrics.config);
        if configs().any(|config| config.bind == "late")
            && configs().any(|config| config.bind != "late")
        {
            cautions.push(
                "Some of these runs bind late and some early. What differs between two of \
                 different binding is no merit of either placement."
                    .to_owned(),
            );
        }
        cautions
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// Commands are the lines that are set in.
fn more(text: &str) -> Vec<More> {
    let line = |line: &str| match line.strip_prefix("  ") {
        Some(command) => More::Command(command.trim().to_owned()),
        None => More::Sentence(line.to_owned()),
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(line).collect()
}

fn theory(run: &Measured) -> Option<Theory> {
    let theory = run.detail.theory.as_ref()?;
    let wait = &run.report.metrics.latency_ms.wait;
    Some(Theory {
        run: run.report.name.clone(),
        system: theory.system.clone(),
        measure: "mean wait, ms".to_owned(),
        predicted: theory.wait_ms,
        measured: (wait.mean?, wait.ci95),
        source: theory.source.to_owned(),
    })
}
