//! The objects, one revision for all of them, and the log that watches read.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use super::failure::Failure;
use super::kind::{self, Kind};

/// Where an object is: group, plural, namespace, name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) group: String,
    pub(crate) plural: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(kind: &Kind, namespace: &str, name: &str) -> Key {
        Key {
            group: kind.group.clone(),
            plural: kind.plural.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// One write.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) kind: Arc<Kind>,
    pub(crate) old: Option<Arc<Value>>,
    /// None where it was removed.
    pub(crate) new: Option<Arc<Value>>,
}

/// So many changes are kept for watches; what is older is 410.
const KEPT: usize = 60_000;

/// Everything the server knows.
#[derive(Debug)]
pub(crate) struct World {
    kinds: Vec<Arc<Kind>>,
    objects: BTreeMap<Key, Arc<Value>>,
    uids: BTreeMap<String, Key>,
    revision: u64,
    log: VecDeque<Change>,
    /// Revisions up to this one cannot be watched from any more.
    pub(crate) compacted: u64,
    /// Bumped to end every open watch with 410.
    pub(crate) expiry: u64,
    /// Namespaces that controllers have not looked at since something changed there.
    pub(crate) dirty: BTreeSet<String>,
    /// Log texts by pod UID, container, and whether of the container before.
    pub(crate) logs: BTreeMap<(String, String, bool), String>,
    /// Lines of `/metrics`.
    pub(crate) metrics: Vec<String>,
    /// Whether controllers run.
    pub(crate) controlled: bool,
    pub(crate) next_address: u32,
    changed: watch::Sender<u64>,
}

impl World {
    pub(crate) fn new() -> World {
        World {
            kinds: kind::built_in(),
            objects: BTreeMap::new(),
            uids: BTreeMap::new(),
            revision: 1000,
            log: VecDeque::new(),
            compacted: 1000,
            expiry: 0,
            dirty: BTreeSet::new(),
            logs: BTreeMap::new(),
            metrics: Vec::new(),
            controlled: true,
            next_address: 1,
            changed: watch::Sender::new(1000),
        }
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Says so whenever something was written.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Wakes whoever waits, without a change.
    pub(crate) fn wake(&self) {
        self.changed.send_modify(|_| ());
    }

    pub(crate) fn kinds(&self) -> &[Arc<Kind>] {
        &self.kinds
    }

    /// The kind served under that group, version and plural.
    pub(crate) fn served(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        self.kinds.iter().find(|k| k.is(group, plural) && k.version == version).cloned()
    }

    /// A kind that controllers know to be there.
    pub(crate) fn kind(&self, group: &str, plural: &str) -> Arc<Kind> {
        let found = self.kinds.iter().find(|kind| kind.is(group, plural));
        Arc::clone(found.expect("controllers only ask for built-in kinds"))
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.objects.get(key).cloned()
    }

    /// All of a kind, in one namespace or (empty) in all, by namespace and name.
    pub(crate) fn list(&self, kind: &Kind, namespace: &str) -> Vec<Arc<Value>> {
        let from = Key::new(kind, namespace, "");
        let here = |key: &Key| {
            kind.is(&key.group, &key.plural) && (namespace.is_empty() || key.namespace == namespace)
        };
        self.objects
            .range(from..)
            .take_while(|(key, _)| here(key))
            .map(|(_, object)| Arc::clone(object))
            .collect()
    }

    /// Every object in that namespace, whatever its kind.
    pub(crate) fn within(&self, namespace: &str) -> Vec<(Arc<Kind>, Arc<Value>)> {
        let kinds = self.kinds.iter().filter(|kind| kind.namespaced);
        kinds
            .flat_map(|k| self.list(k, namespace).into_iter().map(|object| (Arc::clone(k), object)))
            .collect()
    }

    pub(crate) fn key_of(&self, uid: &str) -> Option<&Key> {
        self.uids.get(uid)
    }

    pub(crate) fn has_namespace(&self, name: &str) -> bool {
        self.namespace(name).is_some()
    }

    pub(crate) fn namespace(&self, name: &str) -> Option<Arc<Value>> {
        self.get(&Key::new(&self.kind("", "namespaces"), "", name))
    }

    /// Keeps an object under the next revision, which it then carries.
    pub(crate) fn put(&mut self, kind: &Arc<Kind>, mut object: Value) -> Arc<Value> {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let key = key(kind, &object);
        if let Some(uid) = object["metadata"]["uid"].as_str() {
            self.uids.insert(uid.to_owned(), key.clone());
        }
        let object = Arc::new(object);
        let old = self.objects.insert(key, Arc::clone(&object));
        self.record(kind, old, Some(Arc::clone(&object)));
        object
    }

    /// Removes an object; what is left carries the revision of its removal.
    pub(crate) fn remove(&mut self, kind: &Arc<Kind>, key: &Key) -> Option<Arc<Value>> {
        let old = self.objects.remove(key)?;
        self.revision += 1;
        let uid = old["metadata"]["uid"].as_str().unwrap_or_default();
        self.uids.remove(uid);
        self.logs.retain(|(of, _, _), _| of != uid);
        self.record(kind, Some(Arc::clone(&old)), None);
        Some(old)
    }

    fn record(&mut self, kind: &Arc<Kind>, old: Option<Arc<Value>>, new: Option<Arc<Value>>) {
        let about = new.as_ref().or(old.as_ref());
        if kind.is("apiextensions.k8s.io", "customresourcedefinitions") {
            self.define(about, new.is_some());
        }
        let namespace = about.and_then(|object| object["metadata"]["namespace"].as_str().map(str::to_owned));
        match namespace {
            Some(namespace) => drop(self.dirty.insert(namespace)),
            None if kind.is("", "nodes") => {
                let all: Vec<String> = self.list(&self.kind("", "namespaces"), "").iter().map(name).collect();
                self.dirty.extend(all);
            }
            None if kind.is("", "namespaces") => self.dirty.extend(about.map(name)),
            None => drop(self.dirty.insert(String::new())),
        }
        self.log.push_back(Change { revision: self.revision, kind: Arc::clone(kind), old, new });
        if self.log.len() > KEPT {
            self.compacted = self.log.pop_front().map_or(self.compacted, |change| change.revision);
        }
        self.changed.send_replace(self.revision);
    }

    fn define(&mut self, definition: Option<&Arc<Value>>, there: bool) {
        let Some(kind) = definition.and_then(|definition| Kind::custom(definition)) else { return };
        self.kinds.retain(|k| k.builtin || !k.is(&kind.group, &kind.plural));
        if there {
            self.kinds.push(Arc::new(kind));
        }
    }

    /// What happened to a kind after a revision; 410 where that is not known any more.
    pub(crate) fn since(&self, kind: &Kind, revision: u64) -> Result<Vec<Change>, Failure> {
        if revision < self.compacted {
            return Err(Failure::expired(revision, self.compacted));
        }
        let from = self.log.partition_point(|change| change.revision <= revision);
        let mine = |change: &&Change| change.kind.is(&kind.group, &kind.plural);
        Ok(self.log.range(from..).filter(mine).cloned().collect())
    }

    /// Forgets the log.
    pub(crate) fn compact(&mut self) {
        self.log.clear();
        self.compacted = self.revision;
    }
}

/// Where an object of that kind is.
pub(crate) fn key(kind: &Kind, object: &Value) -> Key {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    Key::new(kind, text("namespace"), text("name"))
}

/// An object's name.
pub(crate) fn name(object: &Arc<Value>) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

/// Now, to the second, as the API writes times.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// 64 random bits.
pub(crate) fn random() -> u64 {
    // Every RandomState has other keys, taken from the operating system once and counted up.
    RandomState::new().hash_one(0_u8)
}

/// A random UUID.
pub(crate) fn uuid() -> String {
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        8 + (low >> 62),
        (low >> 48) & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

/// Five letters and digits, as generated names end; none of them is a vowel.
pub(crate) fn suffix(length: u32) -> String {
    let letters = b"bcdfghjklmnpqrstvwxz2456789";
    let mut number = random();
    let mut letter = |_| {
        let index = usize::try_from(number % letters.len() as u64).expect("less than 27");
        number /= letters.len() as u64;
        char::from(letters[index])
    };
    (0..length).map(&mut letter).collect()
}
