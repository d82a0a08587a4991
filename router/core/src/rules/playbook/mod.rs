//! Playbooks: what people do about one kind of incident, in order, as a Markdown file beside the rules says it.

mod load;
mod reading;

use crate::action::ActionName;
use crate::ids::PlaybookName;
use crate::notice::{Followed, FollowedStep, StepState};

/// What people do about one kind of incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playbook {
    /// Its file's name, without the ending.
    pub name: PlaybookName,
    /// What it is about, in a few words.
    pub title: String,
    /// What that mostly is, in a paragraph; may be empty.
    pub about: String,
    /// What is done, in order.
    pub steps: Vec<PlaybookStep>,
    /// The rules whose incidents it is for,
    pub rules: Vec<String>,
    /// the alerts of Prometheus and conditions of the watch, by their names,
    pub alerts: Vec<String>,
    /// and the families of rules.
    pub families: Vec<String>,
    /// The file it stands in.
    pub file: String,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaybookStep {
    /// What, in a sentence or two.
    pub text: String,
    /// The actions any of which does it; none where it is left to people.
    pub by: Vec<ActionName>,
}

/// All playbooks: those of one's own, which go first, and those that are shipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playbooks {
    own: Vec<Playbook>,
    shipped: Vec<Playbook>,
}

impl Playbook {
    /// As people are told it before anything of it is done.
    pub fn told(&self) -> Followed {
        let step = |PlaybookStep { text, by }: &PlaybookStep| FollowedStep {
            text: text.clone(),
            by: by.clone(),
            state: if by.is_empty() { StepState::Yours } else { StepState::NotDone },
        };
        Followed {
            playbook: self.name.clone(),
            title: self.title.clone(),
            steps: self.steps.iter().map(step).collect(),
        }
    }

    /// How narrowly it is for that; the least is the narrowest, none: it is not for it.
    fn fits(&self, rule: &str, family: &str, kind: &str) -> Option<u8> {
        // `Prometheus:KubeNodeNotReady` and `Cluster:KubeNodeNotReady` are one alert.
        let alert = kind.strip_prefix("Prometheus:").or_else(|| kind.strip_prefix("Cluster:"));
        let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
        match alert {
            _ if has(&self.rules, rule) => Some(0),
            Some(alert) if has(&self.alerts, alert) => Some(1),
            Some(_) | None => has(&self.families, family).then_some(2),
        }
    }
}

impl Playbooks {
    /// The one for an incident of that rule, family and kind of finding: by the rule before by the alert, by that
    /// before by the family; one's own before a shipped one.
    pub fn of(&self, rule: &str, family: &str, kind: &str) -> Option<&Playbook> {
        let narrowest = |all: &'_ [Playbook]| -> Option<usize> {
            let fitting = all.iter().enumerate();
            let fitting = fitting.filter_map(|(at, playbook)| Some((playbook.fits(rule, family, kind)?, at)));
            fitting.min().map(|(_, at)| at)
        };
        let own = narrowest(&self.own).map(|at| &self.own[at]);
        own.or_else(|| narrowest(&self.shipped).map(|at| &self.shipped[at]))
    }

    /// All of them, one's own first.
    pub fn all(&self) -> impl Iterator<Item = &Playbook> {
        self.own.iter().chain(&self.shipped)
    }
}

#[cfg(test)]
mod tests;
