//! What scales a pod's workload.

use watchfire_core::context::{Autoscaler, ScaledObject, Workload};

use super::About;
use crate::cluster::calls::Unheard;
use crate::cluster::objects::{Hpa, Scaled, TargetRef, count};

const KEDA: &str = "keda.sh/v1alpha1";
const PAUSED: &str = "autoscaling.keda.sh/paused-replicas";

/// The owner chain, or why it is not known.
type Chain<'o> = Result<&'o [Workload], &'o Unheard>;

impl About<'_> {
    pub(super) async fn autoscaler(&self, chain: Chain<'_>) -> Result<Option<Autoscaler>, Unheard> {
        let chain = chain.map_err(Clone::clone)?;
        if chain.is_empty() {
            return Ok(None);
        }
        let scalers = self.list::<Hpa>().await?;
        let scaler = scalers.iter().find(|scaler| means_any(&scaler.spec.scale_target_ref, chain));
        Ok(scaler.and_then(|scaler| {
            // The API's default.
            let min = count(scaler.spec.min_replicas).unwrap_or(1);
            let max = count(scaler.spec.max_replicas).unwrap_or(min);
            Some(Autoscaler { name: scaler.metadata.name.clone()?, min, max })
        }))
    }

    pub(super) async fn scaled_object(&self, chain: Chain<'_>) -> Result<Option<ScaledObject>, Unheard> {
        let chain = chain.map_err(Clone::clone)?;
        let (calls, discovery) = (&self.inner.calls, &self.inner.discovery);
        if chain.is_empty() || !discovery.has(calls, KEDA, "scaledobjects", self.times.until).await? {
            return Ok(None);
        }
        let objects = self.list::<Scaled>().await?;
        let object = objects.iter().find(|object| means_any(&object.spec.scale_target_ref, chain));
        Ok(object.and_then(|object| {
            let metadata = &object.metadata;
            let paused_replicas = metadata.annotations.as_ref().and_then(|all| all.get(PAUSED)).cloned();
            Some(ScaledObject { name: metadata.name.clone()?, uid: metadata.uid.clone()?, paused_replicas })
        }))
    }
}

fn means_any(target: &TargetRef, chain: &[Workload]) -> bool {
    chain.iter().any(|workload| target.means(workload.kind.as_str(), &workload.name))
}
