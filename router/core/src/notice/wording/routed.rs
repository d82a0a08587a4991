//! Templates of a route: for what goes by it, in the place of the channel's, part by part.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{JsonTemplate, Part, Template, Wording};
use crate::ids::RouteName;

/// Templates of a route; each channel takes the parts that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping of title, head, body, html_head, html_body, json"
)]
pub struct RouteTemplates {
    /// The one line that stands first.
    pub title: Option<Template>,
    /// What is read first, as text.
    pub head: Option<Template>,
    /// Everything else, as text.
    pub body: Option<Template>,
    /// What is read first, as HTML.
    pub html_head: Option<Template>,
    /// Everything else, as HTML.
    pub html_body: Option<Template>,
    /// The whole page, for programs.
    pub json: Option<JsonTemplate>,
}

/// The templates of the routes that tell a channel.
pub type ByRoute = BTreeMap<RouteName, RouteTemplates>;

impl RouteTemplates {
    fn part(&self, part: Part) -> Option<Template> {
        let Self { title, head, body, html_head, html_body, json } = self;
        match part {
            Part::Title => title.clone(),
            Part::Head => head.clone(),
            Part::Body => body.clone(),
            Part::HtmlHead => html_head.clone(),
            Part::HtmlBody => html_body.clone(),
            Part::Json => json.clone().map(JsonTemplate::into_template),
        }
    }

    /// The parts that it has.
    pub fn parts(&self) -> Vec<Part> {
        Part::ALL.into_iter().filter(|part| self.part(*part).is_some()).collect()
    }
}

impl Wording {
    /// The parts of a channel, and for each route those parts with the route's own before them.
    pub(super) fn routed(
        parts: impl IntoIterator<Item = (Part, Option<Template>)>,
        by_route: ByRoute,
    ) -> Self {
        let parts: Vec<_> = parts.into_iter().collect();
        let of = |templates: &RouteTemplates| {
            let own = |(part, template): &(Part, Option<Template>)| {
                (*part, templates.part(*part).or_else(|| template.clone()))
            };
            Self::new(parts.iter().map(own))
        };
        // A route whose parts the channel has none of changes nothing.
        let concerns =
            |templates: &RouteTemplates| parts.iter().any(|(part, _)| templates.part(*part).is_some());
        let by_route = by_route.iter().filter(|(_, templates)| concerns(templates));
        let by_route = by_route.map(|(route, templates)| (route.clone(), of(templates))).collect();
        Self { by_route, ..Self::new(parts) }
    }

    /// How what goes by these routes is worded: by the first of them that has a say.
    pub fn of(&self, routes: &[RouteName]) -> &Self {
        routes.iter().find_map(|route| self.by_route.get(route)).unwrap_or(self)
    }

    /// The routes that have a say.
    pub fn routes(&self) -> impl Iterator<Item = &RouteName> {
        self.by_route.keys()
    }
}
