//! Whether network policies have any effect: the API server takes them whether anything enforces them or not.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::Api;
use watchfire_core::context::Enforcement;

use super::About;
use crate::cluster::calls::Unheard;

const SWITCH: &str = "enable-network-policy-controller";

impl About<'_> {
    /// By the switch of the VPC CNI's controller, which in EKS Auto Mode is off until someone sets it; else by
    /// what that controller writes.
    pub(super) async fn enforcement(&self) -> Result<Enforcement, Unheard> {
        let (calls, discovery) = (&self.inner.calls, &self.inner.discovery);
        let api: Api<ConfigMap> = Api::namespaced(calls.client.clone(), "kube-system");
        let map =
            calls.within("configmap amazon-vpc-cni", self.times.until, api.get_opt("amazon-vpc-cni")).await?;
        let switch = map.and_then(|map| map.data).and_then(|mut settings| settings.remove(SWITCH));
        if switch.as_deref() == Some("true") {
            return Ok(Enforcement::On(format!("ConfigMap kube-system/amazon-vpc-cni has {SWITCH}: true")));
        }
        if self.node.is_some_and(|node| node.auto_mode) {
            return Ok(Enforcement::Off(format!(
                "in EKS Auto Mode policies are ignored until ConfigMap kube-system/amazon-vpc-cni has {SWITCH}: true"
            )));
        }
        let version = "networking.k8s.aws/v1alpha1";
        let has = discovery.has(calls, version, "policyendpoints", self.times.until).await?;
        Ok(match (has, switch) {
            (true, None) => {
                Enforcement::On("the API server has PolicyEndpoint, of the VPC CNI's controller".into())
            }
            (_, Some(switch)) => Enforcement::Off(format!(
                "ConfigMap kube-system/amazon-vpc-cni has {SWITCH}: {}",
                watchfire_core::text::clean(&switch, 20)
            )),
            (false, None) => Enforcement::Unknown("nothing shows that network policies are enforced".into()),
        })
    }
}
