//! The parts of a subject as one table: what completes it, what rules see of it, and by which paths silences and groups do.

use super::ours::object;
use super::{Container, Subject, Thing, Workload};
use crate::json::Json;

/// One part, as those see it who know a subject by names and texts.
pub(crate) struct Member {
    /// In rules, silences and records.
    pub(crate) name: &'static str,
    /// To whom it says something.
    pub(crate) worth: Worth,
    /// Where its texts are, by which silences, inhibitions and groups compare.
    pub(crate) paths: &'static [&'static str],
    /// As rules match it; none where it is not known.
    pub(crate) json: fn(&Subject) -> Option<Json<'static>>,
}

/// How far the text of a part means one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// Wherever it is reported.
    Everywhere,
    /// Within an account and a region: another one may give the same name.
    Within,
    /// Rules do not see it as it stands.
    Unseen,
}

/// The type of a part.
pub(crate) trait Part: Sized {
    /// Whether the event does not name it.
    fn is_nothing(&self) -> bool {
        false
    }

    /// As rules match it; none where it is nothing.
    fn json(&self) -> Option<Json<'static>>;

    /// One that lacks nothing, to see what there may be.
    fn whole() -> Self;
}

/// The struct, and the table of its parts: `name: type, worth [paths];`.
macro_rules! subject {
    (
        $(#[$of_all:meta])*
        pub struct Subject;
        $($(#[$of_one:meta])* $name:ident: $type:ty, $worth:ident [$($path:literal),*];)*
    ) => {
        $(#[$of_all])*
        pub struct Subject {
            $($(#[$of_one])* pub $name: $type,)*
        }

        impl Subject {
            /// Its parts, in this order.
            pub(crate) const MEMBERS: &'static [$crate::event::part::Member] = &[
                $($crate::event::part::Member {
                    name: stringify!($name),
                    worth: $crate::event::part::Worth::$worth,
                    paths: &[$(concat!("subject.", $path)),*],
                    json: |subject| $crate::event::part::Part::json(&subject.$name),
                },)*
            ];

            /// It, and where it names nothing, what the other names.
            pub(crate) fn or(self, other: &Subject) -> Subject {
                Subject {
                    $($name: match $crate::event::part::Part::is_nothing(&self.$name) {
                        true => other.$name.clone(),
                        false => self.$name,
                    },)*
                }
            }

            /// One that names everything.
            pub(crate) fn whole() -> Subject {
                Subject { $($name: $crate::event::part::Part::whole(),)* }
            }
        }
    };
}
pub(super) use subject;

/// What stands in a whole subject.
const TEXT: &str = "text";

impl<P: Part> Part for Option<P> {
    fn is_nothing(&self) -> bool {
        self.is_none()
    }

    fn json(&self) -> Option<Json<'static>> {
        self.as_ref().and_then(Part::json)
    }

    fn whole() -> Self {
        Some(P::whole())
    }
}

impl Part for String {
    fn json(&self) -> Option<Json<'static>> {
        Some(Json::string(self.clone()))
    }

    fn whole() -> Self {
        TEXT.to_owned()
    }
}

impl Part for Vec<String> {
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }

    fn json(&self) -> Option<Json<'static>> {
        let all = self.iter().filter_map(Part::json).collect();
        (!self.is_empty()).then_some(Json::Array(all))
    }

    fn whole() -> Self {
        vec![TEXT.to_owned()]
    }
}

impl Part for Workload {
    fn json(&self) -> Option<Json<'static>> {
        let Self { kind, name, uid } = self;
        Some(object([("kind", kind.json()), ("name", name.json()), ("uid", uid.json())]))
    }

    fn whole() -> Self {
        Self { kind: Part::whole(), name: Part::whole(), uid: Part::whole() }
    }
}

impl Part for Container {
    fn json(&self) -> Option<Json<'static>> {
        let Self { name, id } = self;
        Some(object([("name", name.json()), ("id", id.json())]))
    }

    fn whole() -> Self {
        Self { name: Part::whole(), id: Part::whole() }
    }
}

impl Part for Thing {
    fn json(&self) -> Option<Json<'static>> {
        None
    }

    fn whole() -> Self {
        Thing::Kubernetes
    }
}
