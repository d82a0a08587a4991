//! GuardDuty's `service`, in its own events and in Security Hub's copies, which spell its paths as keys.

use crate::event::read::{as_text, at, is_true, list, member};
use crate::json::Json;

/// Where a path of `service` is looked up.
#[derive(Clone, Copy)]
pub(super) enum Service<'v, 'a> {
    /// In GuardDuty's detail.
    Native(&'v Json<'a>),
    /// Among the product fields of a copy: `aws/guardduty/service/action/…`, elements of lists as `threatNames.0_`.
    Copy(&'v Json<'a>),
}

impl<'v, 'a> Service<'v, 'a> {
    fn at(self, path: &str) -> Option<&'v Json<'a>> {
        match self {
            Service::Native(detail) => at(detail, &format!("service.{path}")),
            Service::Copy(fields) => {
                let parts =
                    path.split('.').map(|part| match part.bytes().all(|byte| byte.is_ascii_digit()) {
                        true => format!(".{part}_"),
                        false => format!("/{part}"),
                    });
                let key = parts.collect::<String>();
                member(fields, &format!("aws/guardduty/service{key}"))
            }
        }
    }

    /// The text at a path.
    pub(super) fn text(self, path: &str) -> Option<String> {
        self.at(path).and_then(as_text)
    }

    /// The first of these paths that holds a text.
    pub(super) fn first(self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| self.text(path))
    }

    /// Whether it says so there.
    pub(super) fn is_true(self, path: &str) -> bool {
        is_true(self.at(path))
    }

    /// How many elements a list has, at most so many.
    pub(super) fn count(self, path: &str, most: usize) -> usize {
        match self {
            Service::Native(detail) => list(detail, &format!("service.{path}")).len().min(most),
            // The keys of a copy begin with the number of their element.
            Service::Copy(fields) => (0..most)
                .take_while(|number| {
                    let start = format!("aws/guardduty/service/{}.{number}_", path.replace('.', "/"));
                    fields.members().iter().any(|(key, _)| key.starts_with(&start))
                })
                .count(),
        }
    }
}
