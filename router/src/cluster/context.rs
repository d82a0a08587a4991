//! From an event or a named object to its context.

use std::time::Duration;

use tokio::time::Instant;
use watchfire_core::act::Target;
use watchfire_core::context::{
    Confidence, Context, Gone, Method, Namespace, Node, ObjectRef, Place, Pod, Pods, Query, Workload,
    WorkloadKind,
};
use watchfire_core::event::{self, Event, Subject};

use super::Inner;
use super::ask::Ask;
use super::calls::Unheard;
use super::config::LookUp;
use super::index::Found;
use super::missing::Missing;
use super::search::Search;
use super::shared::Times;
use super::watch::Watched;

impl Inner {
    pub(super) async fn context(&self, event: &Event<'_>, deadline: Duration) -> Context {
        let until = Instant::now() + deadline;
        let mut missing = Missing::default();
        let mut search = Search::new(event, &self.identity);
        for query in search.queries() {
            let answer = self.answer(&query, search.namespace(), until).await;
            if search.weigh(query, answer, &mut missing) {
                break;
            }
        }
        let mut context = search.result(self.doubt().as_deref());
        if let Some(meant) = meant(&event.subject, &context) {
            let gone = self.in_place_of(&meant, until).await;
            context.gone = missing.known(gone).get().cloned().or(Some(Gone::default()));
        }
        self.completed(context, None, Times::shared(until), missing).await
    }

    /// From the index alone.
    pub(super) fn at_hand(&self, event: &Event<'_>) -> Context {
        self.indexed(event).0
    }

    /// The same where the watches know all that there is to ask but for details; none where they do not.
    pub(super) fn without_details(&self, event: &Event<'_>) -> Option<Context> {
        let is_followed = self.look_up == LookUp::Watch
            && self.pulse.silent_since().is_none()
            && self.has(&[Watched::Pods, Watched::Nodes, Watched::Namespaces]);
        let (context, is_all) = is_followed.then(|| self.indexed(event))?;
        is_all.then_some(context)
    }

    /// And whether the API server has no more to say to what was looked for.
    fn indexed(&self, event: &Event<'_>) -> (Context, bool) {
        let (mut missing, mut is_all) = (Missing::default(), true);
        let mut search = Search::new(event, &self.identity);
        for query in search.queries() {
            let found = self.index.answer(&query, &self.identity.name);
            is_all &= self.has(needed(&query)) && !is_behind(&query, &found);
            if search.weigh(query, Ok(found), &mut missing) {
                break;
            }
        }
        let doubt = match self.look_up {
            LookUp::Watch => self.doubt(),
            LookUp::Each => Some("nothing has been looked up yet".to_owned()),
        };
        let mut context = search.result(doubt.as_deref());
        context.gone = meant(&event.subject, &context)
            .map(|Meant { namespace, name, uid }| self.index.in_place_of(&namespace, &name, &uid));
        if let Some(pod) = context.pod().cloned() {
            context.namespace = self.index.namespace(&pod.namespace);
            context.node = pod.node.as_deref().and_then(|node| self.index.node(node));
        } else if let Some(node) = &context.node {
            context.pods_on_node = self.index.on_node(&node.name);
        }
        (context, is_all)
    }

    pub(super) async fn context_of(&self, target: &Target, deadline: Duration) -> Context {
        let until = Instant::now() + deadline;
        let mut missing = Missing::default();
        let mut workload = None;
        let mut context = Context { place: Place::Ours(self.identity.clone()), ..Context::default() };
        match target {
            Target::Pod(object) => context.pods = self.pod_by_hand(object, until, &mut missing).await,
            Target::Workload(object) => {
                let (found, pods) = self.workload_by_hand(object, until, &mut missing).await;
                (workload, context.pods) = (found, pods);
            }
            Target::Node(object) => {
                let ask = self.ask(until);
                let node = ask.node(&object.name).await.or_else(|unheard| {
                    missing.add(&unheard);
                    self.index.node(&object.name).map(Some).ok_or(unheard)
                });
                context.node = node.ok().flatten().filter(|node| is_meant(&node.uid, object));
                if context.node.is_none() {
                    missing.say(format!("no {} with that UID", object.named()));
                }
            }
            Target::Image(reference) => {
                let digest = reference.split_once('@').map_or(reference.as_str(), |(_, digest)| digest);
                let query = Query::Digest(digest.to_owned());
                context.pods = match self.answer(&query, None, until).await {
                    Ok(found) => pods_by_hand(found, "no pod runs that image"),
                    Err(unheard) => unknown(&unheard, &mut missing),
                };
            }
            Target::Event => return Context::none(),
        }
        self.completed(context, workload, Times::now(until), missing).await
    }

    /// A query answered by the index where it is complete, else by the API server, as is what names a pod that the
    /// index has not heard of.
    pub(super) async fn answer(
        &self,
        query: &Query,
        namespace: Option<&str>,
        until: Instant,
    ) -> Result<Found, Unheard> {
        if self.has(needed(query)) {
            let found = self.index.answer(query, &self.identity.name);
            if !is_behind(query, &found) {
                return Ok(found);
            }
        }
        let asked = self.ask(until).answer(query, &self.identity.name, namespace).await;
        asked.or_else(|unheard| {
            // Half an index may know it nevertheless.
            let found = self.index.answer(query, &self.identity.name);
            let has_any = !found.answer.pods.is_empty() || !found.answer.nodes.is_empty();
            if has_any { Ok(found) } else { Err(unheard) }
        })
    }

    /// Adds node, namespace and details to what was found.
    async fn completed(
        &self,
        mut context: Context,
        workload: Option<Workload>,
        times: Times,
        mut missing: Missing,
    ) -> Context {
        let Times { until, .. } = times;
        // A workload has its details by any of its pods; nothing else is said of more than one pod.
        let of_workload = workload.as_ref().and_then(|_| any_of(&context.pods));
        if let Some(pod) = context.pod().cloned().or(of_workload) {
            let (node, namespace) =
                tokio::join!(self.node_of(&pod, until), self.namespace_of(&pod.namespace, until));
            context.node = missing.known(node).get().cloned().flatten();
            context.namespace = missing.known(namespace).get().cloned().flatten();
            let (node, namespace) = (context.node.as_ref(), context.namespace.as_ref());
            let details = match workload {
                None => self.details(&pod, node, namespace, times, &mut missing).await,
                Some(workload) => {
                    self.details_of_workload(workload, &pod, node, namespace, times, &mut missing).await
                }
            };
            context.details = Some(details);
        } else if let Some(workload) = workload {
            let mut details = super::details::unknown("the workload has no pods");
            details.owners = watchfire_core::context::Known::Is(vec![workload]);
            context.details = Some(details);
        } else if let Some(node) = &context.node {
            let names = match self.has(&[Watched::Pods]) {
                true => Ok(self.index.on_node(&node.name)),
                false => self.ask(until).on_node(&node.name).await,
            };
            context.pods_on_node = missing.known(names).get().cloned().unwrap_or_default();
        }
        // Of a foreign cluster nothing is asked, so that nothing is missing.
        if !matches!(context.place, Place::Foreign(_) | Place::None) {
            (context.unknown, context.incomplete) = missing.told(self.pulse.silent_since());
        }
        context
    }

    async fn in_place_of(&self, meant: &Meant, until: Instant) -> Result<Gone, Unheard> {
        let Meant { namespace, name, uid } = meant;
        match self.has(&[Watched::Pods]) {
            true => Ok(self.index.in_place_of(namespace, name, uid)),
            false => self.ask(until).in_place_of(namespace, name, uid).await,
        }
    }

    async fn node_of(&self, pod: &Pod, until: Instant) -> Result<Option<Node>, Unheard> {
        let Some(name) = &pod.node else { return Ok(None) };
        match self.index.node(name) {
            Some(node) => Ok(Some(node)),
            None if self.has(&[Watched::Nodes]) => Ok(None),
            None => self.ask(until).node(name).await,
        }
    }

    async fn namespace_of(&self, name: &str, until: Instant) -> Result<Option<Namespace>, Unheard> {
        match self.index.namespace(name) {
            Some(namespace) => Ok(Some(namespace)),
            None if self.has(&[Watched::Namespaces]) => Ok(None),
            None => self.ask(until).namespace(name).await,
        }
    }

    /// A pod as it is at this moment: who names one means to do something to it.
    async fn pod_by_hand(&self, object: &ObjectRef, until: Instant, missing: &mut Missing) -> Pods {
        let ObjectRef { kind: _, namespace, name, uid: _ } = object;
        match self.ask(until).pod(namespace, name).await {
            Ok(Some(pod)) if is_meant(&pod.uid, object) => pods_by_hand(Found::every(vec![pod]), ""),
            Ok(Some(_)) => Pods::None(format!("the {} is another one, by its UID", object.named())),
            Ok(None) => Pods::None(format!("no {}", object.named())),
            Err(unheard) => unknown(&unheard, missing),
        }
    }

    async fn workload_by_hand(
        &self,
        object: &ObjectRef,
        until: Instant,
        missing: &mut Missing,
    ) -> (Option<Workload>, Pods) {
        let ObjectRef { kind, namespace, name, uid: _ } = object;
        let kind = WorkloadKind::of(kind);
        let workload = match self.ask(until).workload(&kind, namespace, name).await {
            Ok(Some(workload)) if is_meant(&workload.uid, object) => workload,
            Ok(Some(_)) => {
                return (None, Pods::None(format!("the {} is another one, by its UID", object.named())));
            }
            Ok(None) => return (None, Pods::None(format!("no {}", object.named()))),
            Err(unheard) => return (None, unknown(&unheard, missing)),
        };
        let query = Query::PodsOf {
            kind: kind.plural().unwrap_or_default().to_owned(),
            namespace: namespace.clone(),
            name: name.clone(),
            uid: Some(workload.uid.clone()),
        };
        let pods = match self.answer(&query, None, until).await {
            Ok(found) => pods_by_hand(found, "it has no pods"),
            Err(unheard) => unknown(&unheard, missing),
        };
        (Some(workload), pods)
    }

    /// Why what the index lacks may be there nevertheless.
    fn doubt(&self) -> Option<String> {
        if let Some(since) = self.pulse.silent_since() {
            return Some(format!("the API server does not answer, since {}", since.strftime("%H:%M:%S UTC")));
        }
        (self.look_up == LookUp::Watch && !self.has(&[Watched::Pods]))
            .then(|| "the pods are not all known yet".to_owned())
    }

    pub(super) fn ask(&self, until: Instant) -> Ask<'_> {
        Ask { calls: &self.calls, keep: &self.keep, until }
    }

    pub(super) fn has(&self, watched: &[Watched]) -> bool {
        self.synced.has(watched)
    }
}

/// The pod that a finding means by its UID, and that is gone.
struct Meant {
    namespace: String,
    name: String,
    uid: String,
}

/// Whether what the finding names by a UID is a pod that is not there any more; where that is not known, no.
fn meant(subject: &Subject, context: &Context) -> Option<Meant> {
    let uid = subject.workload.as_ref().and_then(|workload| workload.uid.clone())?;
    match &context.pods {
        Pods::Found { .. } => {
            let Pod { namespace, name, .. } = context.pod().filter(|pod| pod.gone_at.is_some())?;
            Some(Meant { namespace: namespace.clone(), name: name.clone(), uid })
        }
        Pods::None(_) => {
            let event::Workload { kind, name, .. } = subject.workload.as_ref()?;
            let name = subject.pod.clone().or_else(|| (kind == "pods").then(|| name.clone()))?;
            Some(Meant { namespace: subject.namespace.clone()?, name, uid })
        }
        Pods::NotAsked | Pods::Unknown(_) => None,
    }
}

/// What has to be known whole to answer a query.
fn needed(query: &Query) -> &'static [Watched] {
    match query {
        Query::PodNamed { .. }
        | Query::PodOfUid(_)
        | Query::Container(_)
        | Query::ServiceAccount { .. }
        | Query::Session(_)
        | Query::Digest(_) => &[Watched::Pods],
        Query::Address(_) => &[Watched::Pods, Watched::Nodes],
        Query::Instance(_) | Query::NodeNamed(_) => &[Watched::Nodes],
        Query::Role(_) => &[Watched::Pods, Watched::Accounts],
        Query::PodsOf { kind, .. } => match kind.as_str() {
            "deployments" => &[Watched::Pods, Watched::ReplicaSets, Watched::Deployments],
            "replicasets" => &[Watched::Pods, Watched::ReplicaSets],
            "statefulsets" => &[Watched::Pods, Watched::StatefulSets],
            "daemonsets" => &[Watched::Pods, Watched::DaemonSets],
            "jobs" => &[Watched::Pods, Watched::Jobs],
            "cronjobs" => &[Watched::Pods, Watched::Jobs, Watched::CronJobs],
            _ => &[Watched::Pods],
        },
    }
}

/// A watch is behind by what is on its way: that a pod was never there is not for it to say.
fn is_behind(query: &Query, found: &Found) -> bool {
    found.answer.pods.is_empty() && matches!(query, Query::PodNamed { .. })
}

/// An object without a UID was named by a human, who means the one that is there.
fn is_meant(uid: &str, object: &ObjectRef) -> bool {
    object.uid.is_empty() || object.uid == uid
}

fn pods_by_hand(found: Found, nothing: &str) -> Pods {
    let Found { answer, count } = found;
    match answer.pods.is_empty() {
        true => Pods::None(nothing.to_owned()),
        false => {
            Pods::Found { method: Method::ByHand, confidence: Confidence::Certain, pods: answer.pods, count }
        }
    }
}

fn unknown(unheard: &Unheard, missing: &mut Missing) -> Pods {
    missing.add(unheard);
    Pods::Unknown(unheard.to_string())
}

fn any_of(pods: &Pods) -> Option<Pod> {
    match pods {
        Pods::Found { pods, .. } => pods.first().cloned(),
        Pods::NotAsked | Pods::Unknown(_) | Pods::None(_) => None,
    }
}
