//! AWS's partitions, and what the names of their hosts end in, as AWS publishes it.

/// A part of AWS with names, accounts and credentials of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Partition {
    Aws,
    Gov,
    China,
    Europe,
    Iso,
    IsoB,
    IsoE,
    IsoF,
}

impl Partition {
    /// Of a region; one that nobody knows is taken for AWS's largest.
    pub(crate) fn of(region: &str) -> Self {
        const BEGINNINGS: [(&str, Partition); 7] = [
            ("us-gov-", Partition::Gov),
            ("cn-", Partition::China),
            ("eusc-", Partition::Europe),
            ("us-iso-", Partition::Iso),
            ("us-isob-", Partition::IsoB),
            ("eu-isoe-", Partition::IsoE),
            ("us-isof-", Partition::IsoF),
        ];
        let known = BEGINNINGS.into_iter().find(|(beginning, _)| region.starts_with(beginning));
        known.map_or(Partition::Aws, |(_, partition)| partition)
    }

    /// Of names that answer by IPv4.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Partition::Aws | Partition::Gov => "amazonaws.com",
            Partition::China => "amazonaws.com.cn",
            Partition::Europe => "amazonaws.eu",
            Partition::Iso => "c2s.ic.gov",
            Partition::IsoB => "sc2s.sgov.gov",
            Partition::IsoE => "cloud.adc-e.uk",
            Partition::IsoF => "csp.hci.ic.gov",
        }
    }

    /// Of names that answer by IPv4 and IPv6.
    pub(crate) fn dual_stack_suffix(self) -> &'static str {
        match self {
            Partition::Aws | Partition::Gov => "api.aws",
            Partition::China => "api.amazonwebservices.com.cn",
            Partition::Europe => "api.amazonwebservices.eu",
            Partition::Iso => "api.aws.ic.gov",
            Partition::IsoB => "api.aws.scloud",
            Partition::IsoE => "api.cloud-aws.adc-e.uk",
            Partition::IsoF => "api.aws.hci.ic.gov",
        }
    }
}

/// What the names of AWS end in, by the partition that the region is in.
pub(crate) fn dns_suffix(region: &str) -> &'static str {
    Partition::of(region).suffix()
}
