//! What can be asked for by a form: each with its name, its words, and the command that it is.

use jiff::{SignedDuration, Timestamp};
use strum::{EnumString, IntoStaticStr, VariantArray};
use watchfire_core::annotation::{Annotation, LabelChange, NoteText};
use watchfire_core::command::CommandKind;
use watchfire_core::ids::{ApprovalId, IncidentKey, SilenceId};
use watchfire_core::silence::{Extension, SilenceDraft};
use watchfire_core::span;

use super::visitor::Visitor;
use super::words::{about, asking};
use crate::identity::Role;
use watchfire_core::attributes::matchers;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Deed {
    Ack,
    Take,
    Unack,
    Resolve,
    Reassign,
    Note,
    Link,
    Unlink,
    Label,
    Approve,
    Deny,
    Release,
    Silence,
    Expire,
    Extend,
    MitigationOff,
    MitigationOn,
}

/// What a form asks.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Which deed.
    #[serde(rename = "do")]
    pub(super) deed: String,
    /// On what.
    pub(super) of: String,
    /// Who is to have it.
    pub(super) to: String,
    /// For how long, such as `2h`.
    #[serde(rename = "for")]
    pub(super) span: String,
    /// Matchers.
    #[serde(rename = "match")]
    pub(super) matches: String,
    pub(super) ticket: String,
    /// What is noted.
    pub(super) text: String,
    /// What is linked, and what it is called.
    pub(super) url: String,
    pub(super) title: String,
    /// Labels, as they are typed behind one another.
    pub(super) labels: String,
    /// Whether P0 is covered.
    pub(super) p0: String,
    pub(super) reason: String,
    /// The same with every sending of one form.
    pub(super) id: String,
    /// When it was shown what will be done: what lasts two hours lasts them from then on, however often it is sent.
    pub(super) at: String,
    pub(super) csrf: String,
}

/// A form that was shown longer ago than that counts from when it is sent.
const SHOWN: SignedDuration = SignedDuration::from_hours(1);

impl Asked {
    /// From when on what it asks for counts.
    pub(super) fn since(&self, now: Timestamp) -> Timestamp {
        let at = self.at.parse().ok().filter(|at| *at <= now && now.duration_since(*at) < SHOWN);
        at.unwrap_or(now)
    }
}

/// A link to a deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    pub(super) href: String,
}

/// A question that has to be answered.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) shape: Shape,
}

/// How a question is answered.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// By one of these.
    Choice(Vec<(&'static str, &'static str)>),
    /// By a line, of so many characters at most.
    Line(usize),
    /// By a line or none.
    MaybeLine(usize),
    /// By a paragraph.
    Paragraph(usize),
}

/// For how long something is silent, and how it is called.
pub(super) const SPANS: [(&str, &str); 7] = [
    ("30m", "30 minutes"),
    ("1h", "1 hour"),
    ("2h", "2 hours"),
    ("4h", "4 hours"),
    ("8h", "8 hours"),
    ("1d", "1 day"),
    ("7d", "7 days"),
];

impl Deed {
    /// As links and forms name it.
    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    /// What the button says.
    pub(super) fn text(self) -> &'static str {
        match self {
            Deed::Ack => "Acknowledge",
            Deed::Take => "Take over",
            Deed::Unack => "Unacknowledge",
            Deed::Resolve => "Resolve",
            Deed::Reassign => "Reassign",
            Deed::Note => "Add a note",
            Deed::Link => "Link a ticket",
            Deed::Unlink => "Take the link away",
            Deed::Label => "Label",
            Deed::Approve => "Approve",
            Deed::Deny => "Deny",
            Deed::Release => "Release",
            Deed::Silence => "Silence",
            Deed::Expire => "End now",
            Deed::Extend => "Extend",
            Deed::MitigationOff => "Switch mitigation off",
            Deed::MitigationOn => "Switch mitigation on",
        }
    }

    /// The least role that it wants, as the API has it.
    pub(super) fn least(self) -> Role {
        match self {
            Deed::Ack
            | Deed::Take
            | Deed::Unack
            | Deed::Resolve
            | Deed::Reassign
            | Deed::Note
            | Deed::Link
            | Deed::Unlink
            | Deed::Label
            | Deed::Silence
            | Deed::Expire
            | Deed::Extend => Role::Responder,
            Deed::Approve | Deed::Deny | Deed::Release | Deed::MitigationOff | Deed::MitigationOn => {
                Role::Approver
            }
        }
    }

    /// Whether it is not done without a reason, as on the command line.
    pub(super) fn must_say_why(self) -> bool {
        matches!(self, Deed::MitigationOff | Deed::MitigationOn)
    }

    /// A link that shows what it will do.
    pub(super) fn link(self, of: &str) -> Link {
        let href = match self {
            Deed::Silence => asking("/silences/new", &[("match", of)]),
            _ => asking("/act", &[("do", self.name()), ("of", of)]),
        };
        Link { name: self.name(), text: self.text(), href }
    }

    /// Where to go on afterwards.
    pub(super) fn back(self, of: &str) -> String {
        match self {
            Deed::Ack
            | Deed::Take
            | Deed::Unack
            | Deed::Resolve
            | Deed::Reassign
            | Deed::Note
            | Deed::Link
            | Deed::Unlink
            | Deed::Label => about("/incident", of),
            Deed::Approve | Deed::Deny => "/approvals".to_owned(),
            Deed::Release | Deed::MitigationOff | Deed::MitigationOn => "/contained".to_owned(),
            Deed::Silence | Deed::Expire | Deed::Extend => "/silences".to_owned(),
        }
    }

    /// What is typed where it is also sent: it changes nothing but what is kept with the incident, so that there is
    /// nothing to be shown first.
    pub(super) fn typed(self, asked: &Asked) -> Vec<Field> {
        let field = |name, label, value: &String, shape| Field { name, label, value: value.clone(), shape };
        match self {
            Deed::Note => {
                let label = "What you know of it, in a paragraph; it stays";
                vec![field("text", label, &asked.text, Shape::Paragraph(NoteText::LONGEST))]
            }
            Deed::Link => vec![
                field(
                    "url",
                    "Its address, without a password or a token in it",
                    &asked.url,
                    Shape::Line(1_000),
                ),
                field("title", "What it is, such as OPS-1", &asked.title, Shape::MaybeLine(200)),
            ],
            Deed::Label => {
                let label = "Labels: name=value, or name- to take one away; a value with spaces in quotes";
                vec![field("labels", label, &asked.labels, Shape::Line(2_000))]
            }
            Deed::Ack
            | Deed::Take
            | Deed::Unack
            | Deed::Resolve
            | Deed::Reassign
            | Deed::Unlink
            | Deed::Approve
            | Deed::Deny
            | Deed::Release
            | Deed::Silence
            | Deed::Expire
            | Deed::Extend
            | Deed::MitigationOff
            | Deed::MitigationOn => Vec::new(),
        }
    }

    /// What has to be known first, beside what it is done to.
    pub(super) fn field(self, asked: &Asked) -> Option<Field> {
        match self {
            Deed::Reassign => Some(Field {
                name: "to",
                label: "To whom: a channel of the configuration, which is paged, or a name, which is recorded",
                value: asked.to.clone(),
                shape: Shape::Line(100),
            }),
            Deed::Extend => Some(Field {
                name: "for",
                label: "How much longer, from now",
                value: asked.span.clone(),
                shape: Shape::Choice(SPANS.to_vec()),
            }),
            Deed::Ack
            | Deed::Take
            | Deed::Unack
            | Deed::Resolve
            | Deed::Note
            | Deed::Link
            | Deed::Unlink
            | Deed::Label
            | Deed::Approve
            | Deed::Deny
            | Deed::Release
            | Deed::Silence
            | Deed::Expire
            | Deed::MitigationOff
            | Deed::MitigationOn => None,
        }
    }

    /// The command; none as long as something has to be known first.
    ///
    /// # Errors
    /// What cannot be read, and what was expected.
    pub(super) fn wish(self, asked: &Asked, now: Timestamp) -> Result<Option<CommandKind>, String> {
        let incident = || IncidentKey::new(&asked.of);
        let annotate = |with| CommandKind::Annotate { incident: incident(), with };
        Ok(Some(match self {
            Deed::Note => annotate(Annotation::Note(asked.text.clone().try_into()?)),
            Deed::Link => {
                let title = Some(asked.title.trim()).filter(|title| !title.is_empty());
                let title = title.map(|title| title.to_owned().try_into()).transpose()?;
                annotate(Annotation::Link { url: asked.url.clone().try_into()?, title })
            }
            Deed::Unlink => annotate(Annotation::Unlink(asked.url.clone().try_into()?)),
            Deed::Label => annotate(labels(&matchers::plain_words(&asked.labels)?)?),
            Deed::Ack => CommandKind::Acknowledge(incident()),
            Deed::Take => CommandKind::Take(incident()),
            Deed::Unack => CommandKind::Unacknowledge(incident()),
            Deed::Resolve => CommandKind::Resolve(incident()),
            Deed::Release => CommandKind::Release(incident()),
            Deed::Approve => CommandKind::Approve(ApprovalId::new(&asked.of)),
            Deed::Deny => CommandKind::Deny(ApprovalId::new(&asked.of)),
            Deed::Expire => CommandKind::Expire(SilenceId::new(&asked.of)),
            Deed::MitigationOff => CommandKind::SwitchOff,
            Deed::MitigationOn => CommandKind::SwitchOn,
            Deed::Reassign => match asked.to.trim() {
                "" => return Ok(None),
                to => CommandKind::Reassign { incident: incident(), to: to.to_owned() },
            },
            Deed::Extend => match asked.span.as_str() {
                "" => return Ok(None),
                span => {
                    let ends_at = end(span, now)?;
                    CommandKind::Extend(Extension { silence: SilenceId::new(&asked.of), ends_at })
                }
            },
            Deed::Silence => match asked.matches.trim() {
                "" => return Ok(None),
                matches => {
                    let words = matchers::words(matches)?;
                    let pattern = matchers::pattern(&words).map_err(|mistakes| mistakes.join("; "))?;
                    CommandKind::Silence(SilenceDraft {
                        matches: pattern.to_string(),
                        starts_at: None,
                        ends_at: end(&asked.span, now)?,
                        ticket: Some(asked.ticket.trim().to_owned()).filter(|ticket| !ticket.is_empty()),
                        yes_cover_p0: !asked.p0.is_empty(),
                    })
                }
            },
        }))
    }
}

/// A link to taking one of an incident's links away.
pub(super) fn unlink(of: &str, url: &str) -> Link {
    let href = asking("/act", &[("do", Deed::Unlink.name()), ("of", of), ("url", url)]);
    Link { name: Deed::Unlink.name(), text: "Take away", href }
}

/// Those of them that a visitor may ask for.
pub(super) fn links(visitor: &Visitor, deeds: &[(Deed, &str)]) -> Vec<Link> {
    let may = deeds.iter().filter(|(deed, _)| visitor.has(deed.least()));
    may.map(|(deed, of)| deed.link(of)).collect()
}

/// Labels as they are typed.
fn labels(words: &[String]) -> Result<Annotation, String> {
    let changes: Vec<LabelChange> = words.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
    let (set, remove) = LabelChange::sorted(changes)?;
    Ok(Annotation::Label { set, remove })
}

/// When what lasts so long from then on is over.
fn end(span: &str, now: Timestamp) -> Result<Timestamp, String> {
    let long = span::parse(span)?;
    now.checked_add(long)
        .map_err(|_| format!("expected a length of time such as 2h, found `{span}`, which is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity;

    #[test]
    fn a_form_is_there_for_whoever_may_have_it_done() {
        let text = "x".to_owned();
        let asked = Asked {
            of: text.clone(),
            to: text,
            span: "1h".to_owned(),
            matches: "rule=x".to_owned(),
            text: "a load test".to_owned(),
            url: "https://tickets.example.com/OPS-1".to_owned(),
            labels: "team=shop".to_owned(),
            ..Asked::default()
        };
        for deed in Deed::VARIANTS {
            let wish = deed.wish(&asked, Timestamp::UNIX_EPOCH).expect("it is read").expect("it is whole");
            assert_eq!(deed.least(), identity::least(&wish), "{deed:?}");
        }
    }

    #[test]
    fn what_lasts_too_long_is_refused_and_not_a_panic() {
        for wrong in ["", "h", "2", "0h", "-1h", "1y", "ä", "9999999w"] {
            assert!(end(wrong, Timestamp::UNIX_EPOCH).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_was_shown_is_what_is_done_unless_it_was_long_ago() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a time");
        let asked = |at: &str| Asked { at: at.to_owned(), ..Asked::default() }.since(now);
        assert_eq!(asked("2026-11-20T11:30:00Z"), "2026-11-20T11:30:00Z".parse().expect("a time"));
        for other in ["", "soon", "2026-11-20T10:00:00Z", "2026-11-20T12:00:01Z"] {
            assert_eq!(asked(other), now, "{other}");
        }
    }
}
