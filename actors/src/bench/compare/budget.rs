//! Figures that have to keep a budget, and which ones have not.

use super::CompareReport;
use crate::bench::verdict::Verdict;

/// A figure and its budget, if it has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Judged {
    pub(super) figure: f64,
    pub(super) budget: Option<f64>,
    pub(super) verdict: Verdict,
}

impl Judged {
    /// A figure that must not be less.
    pub(super) fn at_least(figure: f64, budget: Option<f64>) -> Judged {
        Judged::by(figure, budget, |figure, budget| figure >= budget)
    }

    /// A figure that must not be more.
    pub(super) fn at_most(figure: f64, budget: Option<f64>) -> Judged {
        Judged::by(figure, budget, |figure, budget| figure <= budget)
    }

    fn by(figure: f64, budget: Option<f64>, is_kept: fn(f64, f64) -> bool) -> Judged {
        let verdict =
            budget.map_or(Verdict::NotJudged, |budget| Verdict::of(is_kept(figure, budget)));
        Judged { figure, budget, verdict }
    }

    /// Whether the budget was kept, in a word.
    pub(super) fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Kept => "yes",
            Verdict::Broken => "NO",
            Verdict::NotJudged => "-",
        }
    }
}

impl CompareReport {
    /// Every figure that may have a budget, with what it is of.
    fn judged(&self) -> Vec<(String, Judged)> {
        let throughput = self.throughput.iter().flatten().flat_map(|cell| {
            cell.others.iter().map(move |other| {
                let (command, pipeline, bytes) = (cell.command, cell.pipeline, cell.value_bytes);
                let of = format!(
                    "{command} at pipeline {pipeline} with {bytes} bytes beside {}",
                    other.name
                );
                (of, other.cpu_ratio)
            })
        });
        let latency =
            self.latency.iter().flatten().filter_map(|row| {
                row.ratio.map(|ratio| (format!("p99 of {}", row.command), ratio))
            });
        let memory = self.memory.iter().flatten().filter_map(|row| {
            row.ratio.map(|ratio| (format!("memory beside {}", row.name), ratio))
        });
        let growth = self.growth.iter().flatten();
        let growth =
            growth.map(|row| (format!("growth of {} of {}", row.command, row.name), row.growth));
        throughput.chain(latency).chain(memory).chain(growth).collect()
    }

    /// What the broken budgets are of.
    pub(super) fn broken(&self) -> Vec<String> {
        let broken = |(_, judged): &(String, Judged)| judged.verdict == Verdict::Broken;
        self.judged().into_iter().filter(broken).map(|(of, _)| of).collect()
    }

    /// How many budgets there were.
    pub(super) fn budgets(&self) -> usize {
        self.judged().iter().filter(|(_, judged)| judged.budget.is_some()).count()
    }
}
