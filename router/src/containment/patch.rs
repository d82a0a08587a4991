//! JSON patches that fit one state of one object only.

use serde_json::{Value, json};

use super::object;

/// Operations on an object as it was read; they fail if it is another or has changed since.
pub(super) struct Operations<'a> {
    of: &'a Value,
    list: Vec<Value>,
    made: Vec<String>,
}

impl<'a> Operations<'a> {
    /// None yet, for the object as it was read.
    pub(super) fn on(of: &'a Value) -> Self {
        let test = |path: &str, value: &str| json!({"op": "test", "path": path, "value": value});
        let list = vec![
            test("/metadata/uid", object::uid(of)),
            test("/metadata/resourceVersion", object::version(of)),
        ];
        Self { of, list, made: Vec::new() }
    }

    /// Sets a value; the objects on the way are made where they are absent.
    pub(super) fn set(&mut self, path: &[&str], value: impl Into<Value>) {
        for length in 1..path.len() {
            let parent = pointer(path.get(..length).unwrap_or(path));
            let is_there = self.of.pointer(&parent).is_some_and(|value| !value.is_null());
            if !is_there && !self.made.contains(&parent) {
                self.list.push(json!({"op": "add", "path": parent, "value": {}}));
                self.made.push(parent);
            }
        }
        self.list.push(json!({"op": "add", "path": pointer(path), "value": value.into()}));
    }

    /// Takes a value away, if it was there.
    pub(super) fn remove(&mut self, path: &[&str]) {
        let path = pointer(path);
        if self.of.pointer(&path).is_some() {
            self.list.push(json!({"op": "remove", "path": path}));
        }
    }

    /// Whether nothing but the tests is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.list.len() == 2
    }

    /// All of them, the tests first.
    pub(super) fn into_list(self) -> Vec<Value> {
        self.list
    }
}

/// A JSON pointer: `~` and `/` in a name are written `~0` and `~1`.
fn pointer(path: &[&str]) -> String {
    path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_tests_first_and_makes_what_is_missing_once() {
        let pod = json!({"metadata": {"uid": "u", "resourceVersion": "7", "labels": {"a/b~c": "x"}}});
        let mut operations = Operations::on(&pod);
        assert!(operations.is_empty());
        operations.set(&["metadata", "annotations", "w/i"], "one");
        operations.set(&["metadata", "annotations", "w/j"], "two");
        operations.set(&["metadata", "labels", "q"], "i");
        operations.remove(&["metadata", "labels", "a/b~c"]);
        operations.remove(&["metadata", "labels", "absent"]);
        assert_eq!(
            Value::Array(operations.into_list()),
            json!([
                {"op": "test", "path": "/metadata/uid", "value": "u"},
                {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
                {"op": "add", "path": "/metadata/annotations", "value": {}},
                {"op": "add", "path": "/metadata/annotations/w~1i", "value": "one"},
                {"op": "add", "path": "/metadata/annotations/w~1j", "value": "two"},
                {"op": "add", "path": "/metadata/labels/q", "value": "i"},
                {"op": "remove", "path": "/metadata/labels/a~1b~0c"},
            ])
        );
    }
}
