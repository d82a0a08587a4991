//! One request: who asks, for what, and the answer.

use std::sync::Arc;

use axum::body::{self, Body};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, header};
use serde_json::{Value, json};

use super::Shared;
use super::access::User;
use super::admission;
use super::deleting::{Deleted, Deletion};
use super::discovery;
use super::failure::Failure;
use super::kind::Kind;
use super::managed::{self, Writer};
use super::patching;
use super::people::People;
use super::reading::{self, Selection, View};
use super::route::{Attributes, Query};
use super::store::{Key, World, now};
use super::watching;

/// Who is meant by whoever may do everything.
const IMPERSONATE: header::HeaderName = header::HeaderName::from_static("impersonate-user");
/// The largest request the real server takes.
const MOST_BYTES: usize = 3 * 1024 * 1024;

/// A request, read.
pub(crate) struct Asked {
    pub(crate) about: Attributes,
    pub(crate) query: Query,
    pub(crate) kind: Arc<Kind>,
    pub(crate) content_type: String,
    pub(crate) accept: String,
    pub(crate) agent: String,
    pub(crate) body: Vec<u8>,
    pub(crate) user: User,
}

pub(crate) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    shared.answer(request).await.unwrap_or_else(|failure| failure.response())
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// A JSON answer.
pub(crate) fn json_response(code: u16, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = code.try_into().expect("codes here are HTTP codes");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

fn plain(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

impl Shared {
    async fn answer(self: &Arc<Self>, request: Request) -> Result<Response<Body>, Failure> {
        let (head, body) = request.into_parts();
        let query = Query::parse(head.uri.query().unwrap_or_default());
        let about = Attributes::read(&head.method, head.uri.path(), &query);
        let user = self.user(&text(&head.headers, header::AUTHORIZATION))?;
        let user = user.impersonating(&text(&head.headers, IMPERSONATE));
        user.check(&about)?;
        if about.resource.is_empty() {
            return discovery::answer(&self.world(), head.uri.path());
        }
        let kind = self.world().served(&about.group, &about.version, &about.resource);
        let kind = kind.ok_or_else(Failure::no_resource)?;
        if !about.subresource.is_empty() && !kind.has(&about.subresource) {
            return Err(Failure::no_resource());
        }
        let body = body::to_bytes(body, MOST_BYTES).await;
        let body = body.map_err(|_| {
            Failure::new(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728")
        })?;
        let asked = Asked {
            about,
            query,
            kind,
            content_type: text(&head.headers, header::CONTENT_TYPE),
            accept: text(&head.headers, header::ACCEPT),
            agent: text(&head.headers, header::USER_AGENT),
            body: body.to_vec(),
            user,
        };
        self.route(&head.method, &asked).await
    }

    fn user(&self, authorization: &str) -> Result<User, Failure> {
        let users = self.users();
        if users.is_empty() {
            return Ok(User::admin());
        }
        match authorization.strip_prefix("Bearer ") {
            None => Ok(User::anonymous()),
            Some(token) => users.get(token).cloned().ok_or_else(Failure::unauthorized),
        }
    }

    async fn route(self: &Arc<Self>, method: &Method, asked: &Asked) -> Result<Response<Body>, Failure> {
        let (about, kind) = (&asked.about, &asked.kind);
        let view = View::accepted(&asked.accept);
        if kind.is_question() {
            return asked.review(method, &self.people());
        }
        match (about.verb.as_str(), about.subresource.as_str()) {
            ("get", "log") => self.world().log(&asked.key(), &asked.query).map(plain),
            ("get", "scale") => {
                self.world().scale(kind, &asked.key()).map(|scale| json_response(200, &scale))
            }
            ("get", "" | "status") => {
                let found = self.world().get(&asked.key());
                let found = found.ok_or_else(|| Failure::not_found(kind, &about.name))?;
                Ok(json_response(200, &view.whole(&found)))
            }
            ("watch" | "list", "") => {
                let mut selection = Selection::read(kind, &about.namespace, &asked.query)?;
                if kind.is("", "namespaces") {
                    selection.namespace.clear();
                }
                if about.verb == "watch" {
                    return watching::watch(self, kind, selection, view, &asked.query);
                }
                let list = reading::list(self, kind, &selection, view, &asked.query).await?;
                Ok(json_response(200, &list))
            }
            ("create", "eviction") => {
                let body = asked.object("Eviction")?;
                let deletion = Deletion::read(&body["deleteOptions"], &asked.query)?;
                self.world().admits(asked, "CREATE", &body)?;
                let status = self.world().evict(&asked.key(), &deletion)?;
                Ok(json_response(201, &status))
            }
            ("create", "") if about.name.is_empty() => self.create(asked, view),
            ("update", "scale") => {
                let scale = asked.object("Scale")?;
                let scale = self.world().set_scale(kind, &asked.key(), &scale, &asked.writer()?)?;
                Ok(json_response(200, &scale))
            }
            ("update", "" | "status" | "ephemeralcontainers") if !about.name.is_empty() => {
                let new = asked.object(&kind.kind)?;
                let new = self.world().replace(kind, &asked.key(), new, &asked.writer()?, true)?;
                Ok(json_response(200, &view.whole(&new)))
            }
            ("patch", "" | "status" | "scale" | "ephemeralcontainers") if !about.name.is_empty() => {
                let (code, new) = patching::patch(&mut self.world(), asked)?;
                Ok(json_response(code, &view.whole(&new)))
            }
            ("delete", "") => {
                let deletion = Deletion::read(&asked.options()?, &asked.query)?;
                self.world().admits(asked, "DELETE", &Value::Null)?;
                let deleted = self.world().delete(kind, &asked.key(), &deletion)?;
                Ok(deleted_response(kind, &deletion, &deleted, view))
            }
            ("deletecollection", "") => self.delete_all(asked, view).await,
            _ => Err(Failure::method_not_allowed()),
        }
    }

    fn create(&self, asked: &Asked, view: View) -> Result<Response<Body>, Failure> {
        let (kind, object) = (&asked.kind, asked.object(&asked.kind.kind)?);
        let namespace = &asked.about.namespace;
        if kind.namespaced && namespace.is_empty() {
            return Err(Failure::method_not_allowed());
        }
        let given = object["metadata"]["namespace"].as_str().unwrap_or(namespace);
        if kind.namespaced && given != namespace {
            let message =
                "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Failure::bad_request(message));
        }
        let created = self.world().create(kind, namespace, object, &asked.writer()?)?;
        Ok(json_response(201, &view.whole(&created)))
    }

    async fn delete_all(&self, asked: &Asked, view: View) -> Result<Response<Body>, Failure> {
        let selection = Selection::read(&asked.kind, &asked.about.namespace, &asked.query)?;
        let deletion = Deletion::read(&asked.options()?, &asked.query)?;
        let list = reading::list(self, &asked.kind, &selection, view, &asked.query).await?;
        let mut world = self.world();
        for object in selection.of(&world, &asked.kind) {
            world.delete(&asked.kind, &super::store::key(&asked.kind, &object), &deletion)?;
        }
        Ok(json_response(200, &list))
    }
}

impl World {
    /// Whether admission lets it pass, where the object itself is not written.
    fn admits(&self, asked: &Asked, operation: &'static str, object: &Value) -> Result<(), Failure> {
        let old = self.get(&asked.key()).unwrap_or_default();
        let (user, subresource) = (asked.user.name.as_str(), asked.about.subresource.as_str());
        let change = admission::Change { user, operation, subresource, object, old: &old };
        admission::admit(self, &asked.kind, &asked.key(), &change)
    }
}

fn deleted_response(kind: &Kind, deletion: &Deletion, deleted: &Deleted, view: View) -> Response<Body> {
    match deleted {
        // Pods and what is only marked are shown as they are, the rest is a Status.
        Deleted::Gone(object) if !kind.is_pod() => {
            let metadata = &object["metadata"];
            let mut details = json!({"name": metadata["name"], "kind": kind.plural, "uid": metadata["uid"]});
            if !kind.group.is_empty() {
                details["group"] = kind.group.clone().into();
            }
            let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                "details": details});
            json_response(200, &status)
        }
        Deleted::Gone(object) => json_response(200, &view.whole(object)),
        Deleted::Marked(object) => {
            let waited = deletion.propagation.as_deref() == Some("Foreground");
            json_response(if waited { 202 } else { 200 }, &view.whole(object))
        }
    }
}

impl Deletion {
    /// From DeleteOptions, whose query parameters come after its body.
    fn read(options: &Value, query: &Query) -> Result<Deletion, Failure> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let dry = options["dryRun"].as_array().is_some_and(|all| !all.is_empty());
        let wanted =
            text(&options["propagationPolicy"]).or(query.get("propagationPolicy").map(str::to_owned));
        Ok(Deletion {
            uid: text(&options["preconditions"]["uid"]),
            revision: text(&options["preconditions"]["resourceVersion"]),
            grace: options["gracePeriodSeconds"]
                .as_i64()
                .or(query.get("gracePeriodSeconds").and_then(|seconds| seconds.parse().ok())),
            propagation: wanted,
            dry: dry || dry_run(query)?,
        })
    }
}

fn dry_run(query: &Query) -> Result<bool, Failure> {
    match query.get("dryRun") {
        None => Ok(false),
        Some("All") => Ok(true),
        Some(other) => Err(Failure::new(
            422,
            "Invalid",
            format!(" \"\" is invalid: dryRun: Unsupported value: [{other:?}]: supported values: \"All\""),
        )),
    }
}

impl Asked {
    pub(crate) fn key(&self) -> Key {
        let namespace = if self.kind.namespaced { self.about.namespace.as_str() } else { "" };
        Key::new(&self.kind, namespace, &self.about.name)
    }

    pub(crate) fn writer(&self) -> Result<Writer, Failure> {
        let agent = self.agent.split('/').next().filter(|agent| !agent.is_empty()).unwrap_or("unknown");
        Ok(Writer {
            manager: self.query.get("fieldManager").unwrap_or(agent).to_owned(),
            subresource: match self.about.subresource.as_str() {
                "ephemeralcontainers" => String::new(),
                other => other.to_owned(),
            },
            dry: dry_run(&self.query)?,
            user: self.user.name.clone(),
        })
    }

    /// The body as an object of that kind.
    fn object(&self, kind: &str) -> Result<Value, Failure> {
        let media = self.content_type.split(';').next().unwrap_or_default().trim();
        if !matches!(media, "" | "application/json" | "application/yaml") {
            return Err(Failure::unsupported_media_type());
        }
        let object: Value = if media == "application/yaml" {
            let text = String::from_utf8_lossy(&self.body);
            serde_saphyr::from_str(&text).map_err(|error| Failure::bad_request(format!("yaml: {error}")))?
        } else {
            serde_json::from_slice(&self.body).map_err(|_| self.unreadable(kind))?
        };
        match object["kind"].as_str() {
            Some(other) if other != kind => {
                let message = format!(
                    "{other} in version {:?} cannot be handled as a {kind}: converting ({other}) to ({kind}): unknown conversion",
                    object["apiVersion"].as_str().unwrap_or_default()
                );
                Err(Failure::bad_request(message))
            }
            _ => Ok(object),
        }
    }

    fn unreadable(&self, kind: &str) -> Failure {
        let body = String::from_utf8_lossy(&self.body);
        let problem = match body.trim().strip_prefix('{').and_then(|rest| rest.chars().next()) {
            Some(other) if !matches!(other, '"' | '}') => {
                format!("invalid character '{other}' looking for beginning of object key string")
            }
            _ => "unexpected end of JSON input".to_owned(),
        };
        Failure::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse \
             error: {problem} ({})",
            body.trim_end()
        ))
    }

    fn options(&self) -> Result<Value, Failure> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).map_err(|_| self.unreadable("DeleteOptions"))
    }

    /// Answers what someone asks about himself, or about others.
    fn review(&self, method: &Method, people: &People) -> Result<Response<Body>, Failure> {
        if *method != Method::POST {
            return Err(Failure::method_not_allowed());
        }
        let mut review = self.object(&self.kind.kind)?;
        let kind = &self.kind;
        review["kind"] = kind.kind.clone().into();
        review["apiVersion"] = kind.api_version().into();
        review["metadata"] = json!({});
        let spec = &review["spec"];
        review["status"] = match kind.plural.as_str() {
            "selfsubjectaccessreviews" => self.user.access_review(spec),
            "subjectaccessreviews" => people.access_review(kind, spec)?,
            "tokenreviews" => people.token_review(spec)?,
            _ => self.user.rules_review(spec["namespace"].as_str().unwrap_or_default()),
        };
        let zero = json!({"metadata": {}, "spec": {}, "status": review["status"]});
        managed::update(kind, &zero, &mut review, &self.writer()?, &now());
        Ok(json_response(201, &review))
    }
}
