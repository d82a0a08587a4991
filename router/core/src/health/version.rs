//! Versions as Kubernetes and images write them: `v1.33.1-eks-1a2b3c4`, `1.30+`.

use std::fmt;

/// Major and minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Major.
    pub major: u32,
    /// Minor.
    pub minor: u32,
}

impl Version {
    /// Of a text that begins with a version; none of any other.
    pub fn of(text: &str) -> Option<Self> {
        let mut numbers = text.strip_prefix('v').unwrap_or(text).split('.');
        let number = |part: &str| {
            let digits: &str = part.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
            digits.parse().ok()
        };
        Some(Self { major: number(numbers.next()?)?, minor: number(numbers.next()?)? })
    }

    /// How many minor versions it is behind another; negative where it is ahead. None of another major version.
    pub fn behind(self, other: Self) -> Option<i64> {
        (self.major == other.major).then(|| i64::from(other.minor) - i64::from(self.minor))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)
    }
}

/// The version in an image's name; none where it has none.
pub(super) fn of_image(image: &str) -> Option<&str> {
    let name = image.split('@').next().unwrap_or_default();
    let (_, tag) = name.rsplit('/').next()?.split_once(':')?;
    Version::of(tag).map(|_| tag)
}
