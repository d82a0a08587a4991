//! Proving that evidence is whole and unaltered: files by their manifest, manifests by the chain.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;

use super::chain::{self, Link, NOTHING};
use super::digest::sha256;
use super::manifest::{self, Manifest};
use super::report::{Head, Report, Wrong};
use super::{Evidence, Which};

/// The links as they are found.
#[derive(Default)]
struct Links {
    count: usize,
    head: Option<Head>,
    /// The sum of the manifest by the first link of each bundle, and its number.
    by_bundle: BTreeMap<String, (u64, String)>,
    wrong: Vec<Wrong>,
}

impl Evidence {
    /// Reads everything that is asked for, and compares.
    ///
    /// # Errors
    /// A place that cannot be read, or a bundle that never was.
    pub async fn verify(&self, which: Which) -> anyhow::Result<Report> {
        let links = self.links().await?;
        match which {
            Which::Bundle(bundle) => self.verify_one(&bundle, links).await,
            Which::All => self.verify_all(links).await,
        }
    }

    async fn verify_one(&self, bundle: &str, links: Links) -> anyhow::Result<Report> {
        let linked = links.by_bundle.get(bundle);
        let files = match manifest::is_id(bundle) {
            true => self.names(&manifest::folder(bundle)).await?.remove(bundle).unwrap_or_default(),
            false => BTreeSet::new(),
        };
        if files.is_empty() && linked.is_none() {
            bail!("there is no bundle `{}`", bundle.escape_debug());
        }
        let mut report =
            Report { bundles: 1, files: 0, links: links.count, head: links.head, wrong: Vec::new() };
        match (linked, files.is_empty()) {
            (Some((sequence, _)), true) => {
                report.wrong.push(Wrong::NoBundle { bundle: bundle.to_owned(), sequence: *sequence });
            }
            (linked, _) => {
                let linked = linked.map(|(_, sum)| sum.as_str());
                self.verify_bundle(bundle, files, linked, &mut report).await?;
            }
        }
        Ok(report)
    }

    async fn verify_all(&self, links: Links) -> anyhow::Result<Report> {
        let Links { count, head, by_bundle, wrong } = links;
        let mut bundles = self.names(manifest::folders()).await?;
        let mut report = Report { bundles: bundles.len(), files: 0, links: count, head, wrong };
        for (bundle, (sequence, sum)) in &by_bundle {
            match bundles.remove(bundle) {
                Some(files) => self.verify_bundle(bundle, files, Some(sum), &mut report).await?,
                None => {
                    report.wrong.push(Wrong::NoBundle { bundle: bundle.clone(), sequence: *sequence });
                }
            }
        }
        for (bundle, files) in bundles {
            self.verify_bundle(&bundle, files, None, &mut report).await?;
        }
        Ok(report)
    }

    /// The names of all files, by bundle.
    async fn names(&self, folder: &str) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
        let mut names = BTreeMap::<_, BTreeSet<_>>::new();
        for key in self.place.list(folder).await? {
            // What is in no bundle's folder is a bundle's in name only, without a manifest.
            let (bundle, name) = manifest::parse_key(&key).unwrap_or((&key, ""));
            names.entry(bundle.to_owned()).or_default().insert(name.to_owned());
        }
        Ok(names)
    }

    async fn verify_bundle(
        &self,
        bundle: &str,
        mut files: BTreeSet<String>,
        linked: Option<&str>,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let named = || bundle.to_owned();
        if linked.is_none() {
            report.wrong.push(Wrong::NoLink { bundle: named() });
        }
        let folder = manifest::folder(bundle);
        let bytes = match files.remove(manifest::NAME) {
            true => self.place.get(&(folder.clone() + manifest::NAME)).await?,
            false => None,
        };
        let Some(bytes) = bytes else {
            report.wrong.push(Wrong::NoManifest { bundle: named() });
            return Ok(());
        };
        let found = sha256(&bytes);
        if let Some(expected) = linked.filter(|expected| **expected != found) {
            let expected = expected.to_owned();
            report.wrong.push(Wrong::ManifestAltered { bundle: named(), expected, found });
        }
        let manifest = match Manifest::read(&bytes) {
            Ok(manifest) => manifest,
            Err(why) => {
                report.wrong.push(Wrong::NotItsManifest { bundle: named(), why });
                return Ok(());
            }
        };
        if manifest.id != bundle {
            let why = format!("expected that of {bundle}, found that of {}", manifest.id.escape_debug());
            report.wrong.push(Wrong::NotItsManifest { bundle: named(), why });
        }
        for file in manifest.files {
            let listed = files.remove(&file.name);
            let content = match listed {
                true => self.place.get(&format!("{folder}{}", file.name)).await?,
                false => None,
            };
            let Some(content) = content else {
                report.wrong.push(Wrong::FileMissing { bundle: named(), file: file.name });
                continue;
            };
            report.files += 1;
            let found = sha256(&content);
            let found_bytes = content.len() as u64;
            if found != file.sha256 || found_bytes != file.bytes {
                report.wrong.push(Wrong::FileAltered {
                    bundle: named(),
                    file: file.name,
                    expected: file.sha256,
                    found,
                    expected_bytes: file.bytes,
                    found_bytes,
                });
            }
        }
        report.wrong.extend(files.into_iter().map(|file| Wrong::FileExtra { bundle: named(), file }));
        Ok(())
    }

    /// Reads the whole chain.
    async fn links(&self) -> anyhow::Result<Links> {
        let mut links = Links::default();
        let mut previous = NOTHING.to_owned();
        let mut next = 1;
        for key in self.place.list(chain::folder()).await? {
            let Some(sequence) = chain::parse_key(&key) else {
                links.wrong.push(Wrong::ExtraInChain { key });
                continue;
            };
            let Some(bytes) = self.place.get(&key).await? else { continue };
            for missing in next..sequence {
                links.wrong.push(Wrong::LinkMissing { sequence: missing });
            }
            let follows = next == sequence;
            next = sequence + 1;
            links.count += 1;
            let found = std::mem::replace(&mut previous, sha256(&bytes));
            links.head = Some(Head { sequence, sha256: previous.clone() });
            let link = match Link::read(&bytes) {
                Ok(link) if link.sequence == sequence => link,
                Ok(link) => {
                    let why = format!("expected number {sequence}, found {}", link.sequence);
                    links.wrong.push(Wrong::NotALink { sequence, why });
                    link
                }
                Err(why) => {
                    links.wrong.push(Wrong::NotALink { sequence, why });
                    continue;
                }
            };
            // After a gap there is nothing to compare with; the gap has been told.
            if follows && link.previous != found {
                links.wrong.push(Wrong::Broken { sequence, expected: link.previous.clone(), found });
            }
            match links.by_bundle.entry(link.bundle) {
                Entry::Occupied(first) => {
                    links.wrong.push(Wrong::LinkedTwice { bundle: first.key().clone(), sequence });
                }
                Entry::Vacant(free) => {
                    free.insert((sequence, link.manifest_sha256));
                }
            }
        }
        Ok(links)
    }
}

#[cfg(test)]
mod tests;
