//! What a verification found.

use std::fmt;

use serde::Serialize;

/// How much was verified, and everything that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Bundles looked at.
    pub bundles: usize,
    /// Files read and summed, manifests aside.
    pub files: usize,
    /// Links read.
    pub links: usize,
    /// The end of the chain: nothing within shows whether there was more, so hold it against a sequence and
    /// a sum known from elsewhere, such as the page of the last incident.
    pub head: Option<Head>,
    /// Everything that is wrong; nothing where all is whole.
    pub wrong: Vec<Wrong>,
}

/// The last link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Its number.
    pub sequence: u64,
    /// The sum of its bytes.
    pub sha256: String,
}

/// One thing that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Wrong {
    /// A bundle has no manifest: it was removed, or the capture never ended.
    NoManifest {
        /// The bundle.
        bundle: String,
    },
    /// A manifest cannot be read, or is another bundle's.
    NotItsManifest {
        /// The bundle.
        bundle: String,
        /// Why.
        why: String,
    },
    /// A manifest is not the one that was linked.
    ManifestAltered {
        /// The bundle.
        bundle: String,
        /// By its link.
        expected: String,
        /// As it is.
        found: String,
    },
    /// A file of the manifest is not there.
    FileMissing {
        /// The bundle.
        bundle: String,
        /// Its path in the bundle.
        file: String,
    },
    /// A file has another content.
    FileAltered {
        /// The bundle.
        bundle: String,
        /// Its path in the bundle.
        file: String,
        /// Its sum by the manifest.
        expected: String,
        /// As it is.
        found: String,
        /// Its size by the manifest.
        expected_bytes: u64,
        /// As it is.
        found_bytes: u64,
    },
    /// A file is not in the manifest.
    FileExtra {
        /// The bundle.
        bundle: String,
        /// Its path in the bundle.
        file: String,
    },
    /// No link says that there is this bundle.
    NoLink {
        /// The bundle.
        bundle: String,
    },
    /// A second link says so.
    LinkedTwice {
        /// The bundle.
        bundle: String,
        /// The second link.
        sequence: u64,
    },
    /// A link speaks of a bundle of which there is nothing.
    NoBundle {
        /// The bundle.
        bundle: String,
        /// The link.
        sequence: u64,
    },
    /// A number before the last has no link.
    LinkMissing {
        /// The number.
        sequence: u64,
    },
    /// A link cannot be read, or has another number than its name.
    NotALink {
        /// Its place in the chain.
        sequence: u64,
        /// Why.
        why: String,
    },
    /// A link does not follow the one before it: one of the two was replaced.
    Broken {
        /// The later link.
        sequence: u64,
        /// The sum of the link before it, by this link.
        expected: String,
        /// As it is.
        found: String,
    },
    /// Something among the links is none.
    ExtraInChain {
        /// Its key.
        key: String,
    },
}

impl Report {
    /// Whether everything is as it was.
    pub fn is_whole(&self) -> bool {
        self.wrong.is_empty()
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::NoManifest { bundle } => write!(out, "bundle {bundle}: no manifest"),
            Wrong::NotItsManifest { bundle, why } => write!(out, "bundle {bundle}: manifest.json: {why}"),
            Wrong::ManifestAltered { bundle, expected, found } => {
                write!(out, "bundle {bundle}: manifest.json: expected sha256 {expected}, found {found}")
            }
            Wrong::FileMissing { bundle, file } => write!(out, "bundle {bundle}: {file}: missing"),
            Wrong::FileAltered { bundle, file, expected, found, expected_bytes, found_bytes } => write!(
                out,
                "bundle {bundle}: {file}: expected sha256 {expected} ({expected_bytes} bytes), \
                 found {found} ({found_bytes} bytes)"
            ),
            Wrong::FileExtra { bundle, file } => write!(out, "bundle {bundle}: {file}: not in the manifest"),
            Wrong::NoLink { bundle } => write!(out, "bundle {bundle}: no link in the chain"),
            Wrong::LinkedTwice { bundle, sequence } => {
                write!(out, "bundle {bundle}: linked again by link {sequence}")
            }
            Wrong::NoBundle { bundle, sequence } => {
                write!(out, "link {sequence}: expected bundle {bundle}, found nothing")
            }
            Wrong::LinkMissing { sequence } => write!(out, "link {sequence}: missing"),
            Wrong::NotALink { sequence, why } => write!(out, "link {sequence}: {why}"),
            Wrong::Broken { sequence, expected, found } => write!(
                out,
                "link {sequence}: expected sha256 {expected} of the link before it, found {found}"
            ),
            Wrong::ExtraInChain { key } => write!(out, "{key}: not a link"),
        }
    }
}
