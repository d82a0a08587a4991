//! The words of a page in the order of a channel: made by templates, those that ship or those of the configuration.
//!
//! What is in an event is a value for them and never a template. A part whose own template fails is made by the one
//! that ships, and the page says so.

mod engine;
mod finish;
mod json;
mod routed;
mod view;
mod words;

use std::collections::BTreeMap;
use std::fmt;

pub use json::{Ids, JsonTemplate, JsonTemplates, WordedJson};
use minijinja::Environment;
use minijinja::value::{Serde, Value};
pub use routed::{ByRoute, RouteTemplates};
use schemars::JsonSchema;
use serde::Deserialize;
use strum::{IntoStaticStr, VariantArray};

use super::Notice;
use crate::ids::RouteName;
use crate::value_schema;
use crate::verdict::EffectKind;

/// A part of a page that has a template of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Part {
    /// One line: a mail's subject, the summary of an alert.
    Title,
    /// What is read first, as text.
    Head,
    /// Everything else, as text.
    Body,
    /// What is read first, as HTML.
    HtmlHead,
    /// Everything else, as HTML.
    HtmlBody,
    /// The whole page, for programs.
    Json,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// Its name in the configuration.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The template that ships.
    pub fn shipped(self) -> &'static str {
        match self {
            Part::Title => include_str!("shipped/title.txt"),
            Part::Head => include_str!("shipped/head.txt"),
            Part::Body => include_str!("shipped/body.txt"),
            Part::HtmlHead => include_str!("shipped/head.html"),
            Part::HtmlBody => include_str!("shipped/body.html"),
            Part::Json => include_str!("shipped/page.json"),
        }
    }
}

/// The text of a template that compiles and names nothing that pages do not have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(String);

value_schema!(Template, {
    "type": "string",
    "description": "A template: `watchfire templates` prints those that ship and what they are given."
});

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        engine::check(&text, view::names()).map(|()| Self(text))
    }
}

impl Template {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The templates of a channel that writes plain text; what is left out is as it ships.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping of title, head, body")]
pub struct Templates {
    /// The one line that stands first.
    pub title: Option<Template>,
    /// What is read first.
    pub head: Option<Template>,
    /// Everything else.
    pub body: Option<Template>,
    /// What goes before them on the way by a route; it is written there.
    #[serde(skip)]
    pub by_route: ByRoute,
}

/// The templates of mails, which are text and HTML at once. A part that has only a template for text is shown as that
/// text in both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping of title, head, body, html_head, html_body")]
pub struct MailTemplates {
    /// The subject.
    pub title: Option<Template>,
    /// What is read first, as text.
    pub head: Option<Template>,
    /// Everything else, as text.
    pub body: Option<Template>,
    /// What is read first, as HTML.
    pub html_head: Option<Template>,
    /// Everything else, as HTML.
    pub html_body: Option<Template>,
    /// What goes before them on the way by a route; it is written there.
    #[serde(skip)]
    pub by_route: ByRoute,
}

impl From<Templates> for Wording {
    fn from(Templates { title, head, body, by_route }: Templates) -> Self {
        Self::routed([(Part::Title, title), (Part::Head, head), (Part::Body, body)], by_route)
    }
}

impl From<MailTemplates> for Wording {
    fn from(MailTemplates { title, head, body, html_head, html_body, by_route }: MailTemplates) -> Self {
        let text = [(Part::Title, title), (Part::Head, head), (Part::Body, body)];
        let html = [(Part::HtmlHead, html_head), (Part::HtmlBody, html_body)];
        Self::routed(text.into_iter().chain(html), by_route)
    }
}

/// A template that could not be used for a page; the one that ships was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whose.
    pub part: Part,
    /// Where in it and why.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, reason } = self;
        write!(out, "the template `{}` could not be used, the one that ships was: {reason}", part.as_str())
    }
}

/// How a channel words its pages.
#[derive(Clone, Debug, Default)]
pub struct Wording {
    own: Option<Environment<'static>>,
    texts: BTreeMap<Part, Template>,
    /// In the place of all this, of what goes by one of these routes.
    by_route: BTreeMap<RouteName, Wording>,
}

/// A page in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worded {
    /// One line.
    pub title: String,
    /// What is read first: lines, each with its end; may be empty.
    pub head: String,
    /// Everything else, the same.
    pub body: String,
    /// Which templates could not be used.
    pub faults: Vec<Fault>,
}

impl Worded {
    /// The whole page as text: title, head and body.
    pub fn text(&self) -> String {
        let Self { title, head, body, faults } = self;
        let faults: Vec<_> =
            faults.iter().map(|fault| finish::paragraph(&format!("Note: {fault}."))).collect();
        finish::text(&format!("{title}\n{head}\n{body}\n{}", faults.join("\n")))
    }
}

/// A page as a mail: twice the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordedMail {
    /// The subject.
    pub title: String,
    /// For readers of text.
    pub text: String,
    /// For everybody else: a whole document.
    pub html: String,
    /// Which templates could not be used.
    pub faults: Vec<Fault>,
}

impl Wording {
    fn new(parts: impl IntoIterator<Item = (Part, Option<Template>)>) -> Self {
        let texts: BTreeMap<_, _> =
            parts.into_iter().filter_map(|(part, template)| Some((part, template?))).collect();
        let mut own = (!texts.is_empty()).then(|| engine::SANDBOX.clone());
        for (part, Template(text)) in &texts {
            if let Some(own) = &mut own {
                own.add_template_owned(part.as_str(), text.clone()).expect("it has compiled before");
            }
        }
        Self { own, texts, by_route: BTreeMap::new() }
    }

    /// Whether any template is its own, or a route's.
    pub fn has_own(&self) -> bool {
        self.own.is_some() || !self.by_route.is_empty()
    }

    /// Its own templates.
    pub fn own(&self) -> impl Iterator<Item = (Part, &str)> {
        self.texts.iter().map(|(part, template)| (*part, template.as_str()))
    }

    /// The template of a part: its own, or the one that ships.
    pub fn template(&self, part: Part) -> &str {
        self.texts.get(&part).map_or(part.shipped(), Template::as_str)
    }

    /// The page as text.
    pub fn words(&self, notice: &Notice, kind: EffectKind) -> Worded {
        self.worded(notice, kind, |_| true)
    }

    /// Its title, and of all else only what its own templates make: for a channel that says that in a form of its own.
    pub fn own_words(&self, notice: &Notice, kind: EffectKind) -> Worded {
        let wording = self.of(&notice.routes);
        if wording.own.is_none() {
            // As the template that ships has it.
            let title = finish::line(&notice.subject(kind));
            return Worded { title, head: String::new(), body: String::new(), faults: Vec::new() };
        }
        self.worded(notice, kind, |part| wording.texts.contains_key(&part))
    }

    /// The title and those of the other parts that are wanted.
    fn worded(&self, notice: &Notice, kind: EffectKind, is_wanted: impl Fn(Part) -> bool) -> Worded {
        let (mut page, title) = Rendering::new(self.of(&notice.routes), notice, kind);
        let mut text = |part| if is_wanted(part) { finish::text(&page.part(part)) } else { String::new() };
        let (head, body) = (text(Part::Head), text(Part::Body));
        Worded { title, head, body, faults: page.faults }
    }

    /// The page as a mail.
    pub fn mail(&self, notice: &Notice, kind: EffectKind) -> WordedMail {
        let Worded { title, head, body, faults } = self.words(notice, kind);
        let wording = self.of(&notice.routes);
        let (mut page, _) = Rendering::new(wording, notice, kind);
        page.faults = faults;
        let mut html = [(Part::HtmlHead, Part::Head, &head), (Part::HtmlBody, Part::Body, &body)].map(
            |(part, plain, text)| match wording.texts.contains_key(&plain)
                && !wording.texts.contains_key(&part)
            {
                // What was worded anew is not said in other words beside it.
                true => finish::preformatted(text),
                false => page.part(part),
            },
        );
        for fault in &page.faults {
            html[1].push_str(&finish::html_paragraph(&format!("Note: {fault}.")));
        }
        let faults = page.faults;
        let text = Worded { title: title.clone(), head, body, faults: faults.clone() }.text();
        WordedMail { html: finish::document(&title, &html.concat()), title, text, faults }
    }
}

/// What a template for this page is given: names and values.
pub fn values(notice: &Notice, kind: EffectKind) -> serde_json::Value {
    serde_json::to_value(view::View::of(notice, kind)).expect("texts, numbers and lists can be written")
}

/// One page on its way into words.
struct Rendering<'w> {
    wording: &'w Wording,
    notice: &'w Notice,
    kind: EffectKind,
    values: Value,
    faults: Vec<Fault>,
}

impl<'w> Rendering<'w> {
    /// With its title, which the other parts show as it is worded.
    fn new(wording: &'w Wording, notice: &'w Notice, kind: EffectKind) -> (Self, String) {
        let mut view = view::View::of(notice, kind);
        let values = Value::from(Serde(&view));
        let mut page = Self { wording, notice, kind, values, faults: Vec::new() };
        let title = page.title();
        if view.title != title {
            view.title.clone_from(&title);
            page.values = Value::from(Serde(&view));
        }
        (page, title)
    }

    /// One line that says something, and that a drill is one and a sample one.
    fn title(&mut self) -> String {
        let title = finish::line(&self.part(Part::Title));
        if title.is_empty() {
            self.faults.push(Fault { part: Part::Title, reason: "it says nothing".to_owned() });
            return self.notice.subject(self.kind);
        }
        let mark = match (self.notice.drill, self.notice.sample) {
            (true, _) if !title.starts_with(super::DRILL_MARK) => super::DRILL_MARK,
            (false, true) if !title.contains(super::SAMPLE_MARK) => super::SAMPLE_MARK,
            _ => return title,
        };
        format!("{mark} {title}")
    }

    fn part(&mut self, part: Part) -> String {
        let own = self.wording.own.as_ref().filter(|_| self.wording.texts.contains_key(&part));
        if let Some(own) = own {
            match render(own, part, &self.values) {
                Ok(text) => return text,
                Err(error) => {
                    let reason = engine::said(&error, self.wording.template(part));
                    self.faults.push(Fault { part, reason });
                }
            }
        }
        self.shipped(part)
    }

    /// It cannot fail but by a defect of ours; then the title is better than nothing.
    fn shipped(&self, part: Part) -> String {
        render(&engine::SHIPPED, part, &self.values)
            .unwrap_or_else(|_| finish::line(&self.notice.subject(self.kind)))
    }
}

fn render(environment: &Environment<'_>, part: Part, values: &Value) -> Result<String, minijinja::Error> {
    environment.get_template(part.as_str())?.render(values.clone())
}

#[cfg(test)]
mod tests;
