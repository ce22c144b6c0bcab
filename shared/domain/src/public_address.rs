//! Which internet addresses are anybody's to reach. What a stranger makes us fetch must not lead into our own network,
//! to the machine itself or to the metadata service of the cloud.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are not the public internet (IANA's special-purpose registry), and what clouds keep for themselves.
const CLOSED_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Carrier-grade NAT; Alibaba's metadata too.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // The services of Azure's own hosts, though the address looks public.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Link-local, and with it the metadata of AWS, Google and Azure.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved, broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// What of `2000::/3` is not the public internet, or may stand for an IPv4 address.
const CLOSED_V6: &[(Ipv6Addr, u32)] = &[
    // Protocol assignments: Teredo, ORCHID, benchmarks.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The only part of IPv6 that is given out for the public internet. Outside of it are loopback, unique local (also AWS's
/// `fd00:ec2::254`), link-local and multicast addresses, and all that embed an IPv4 one: mapped, compatible, NAT64.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Whether an address belongs to the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !CLOSED_V4.iter().any(|network| holds_v4(*network, address)),
        IpAddr::V6(address) => {
            holds_v6(GLOBAL_V6, address) && !CLOSED_V6.iter().any(|network| holds_v6(*network, address))
        }
    }
}

fn holds_v4((network, bits): (Ipv4Addr, u32), address: Ipv4Addr) -> bool {
    (network.to_bits() ^ address.to_bits()).leading_zeros() >= bits
}

fn holds_v6((network, bits): (Ipv6Addr, u32), address: Ipv6Addr) -> bool {
    (network.to_bits() ^ address.to_bits()).leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::unspecified("0.0.0.0")]
    #[case::this_network("0.1.2.3")]
    #[case::private_10("10.0.0.1")]
    #[case::private_10_end("10.255.255.255")]
    #[case::cgnat("100.64.0.1")]
    #[case::cgnat_end("100.127.255.255")]
    #[case::alibaba_metadata("100.100.100.200")]
    #[case::loopback("127.0.0.1")]
    #[case::loopback_end("127.255.255.254")]
    #[case::azure_host("168.63.129.16")]
    #[case::link_local("169.254.0.1")]
    #[case::metadata("169.254.169.254")]
    #[case::task_metadata("169.254.170.2")]
    #[case::private_172("172.16.0.1")]
    #[case::private_172_end("172.31.255.255")]
    #[case::protocol_assignments("192.0.0.192")]
    #[case::documentation_1("192.0.2.1")]
    #[case::relay_6to4("192.88.99.1")]
    #[case::private_192("192.168.0.1")]
    #[case::benchmark("198.18.0.1")]
    #[case::benchmark_end("198.19.255.255")]
    #[case::documentation_2("198.51.100.1")]
    #[case::documentation_3("203.0.113.1")]
    #[case::multicast("224.0.0.1")]
    #[case::reserved("240.0.0.1")]
    #[case::broadcast("255.255.255.255")]
    #[case::unspecified_v6("::")]
    #[case::loopback_v6("::1")]
    #[case::mapped_metadata("::ffff:169.254.169.254")]
    #[case::mapped_loopback("::ffff:7f00:1")]
    #[case::mapped_public("::ffff:93.184.215.14")]
    #[case::compatible("::169.254.169.254")]
    #[case::translated("::ffff:0:169.254.169.254")]
    #[case::nat64("64:ff9b::a9fe:a9fe")]
    #[case::nat64_local("64:ff9b:1::a9fe:a9fe")]
    #[case::discard("100::1")]
    #[case::teredo("2001:0:a9fe:a9fe::1")]
    #[case::orchid("2001:20::1")]
    #[case::benchmark_v6("2001:2::1")]
    #[case::documentation_v6("2001:db8::1")]
    #[case::of_6to4("2002:a9fe:a9fe::1")]
    #[case::documentation_v6_2("3fff::1")]
    #[case::segment_routing("5f00::1")]
    #[case::unique_local("fc00::1")]
    #[case::metadata_v6("fd00:ec2::254")]
    #[case::link_local_v6("fe80::1")]
    #[case::site_local("fec0::1")]
    #[case::multicast_v6("ff02::1")]
    fn addresses_that_are_not_the_public_internet_are_closed(#[case] address: IpAddr) {
        assert!(!is_public(address));
    }

    #[rstest]
    #[case("1.1.1.1")]
    #[case("9.255.255.255")]
    #[case("11.0.0.0")]
    #[case("100.63.255.255")]
    #[case("100.128.0.0")]
    #[case("126.255.255.255")]
    #[case("128.0.0.0")]
    #[case("169.253.255.255")]
    #[case("169.255.0.0")]
    #[case("172.15.255.255")]
    #[case("172.32.0.0")]
    #[case("192.167.255.255")]
    #[case("192.169.0.0")]
    #[case("198.17.255.255")]
    #[case("198.20.0.0")]
    #[case("223.255.255.255")]
    #[case("2001:200::1")]
    #[case("2606:4700:4700::1111")]
    #[case("2a00:1450:4001:81b::200e")]
    fn addresses_beside_them_are_public(#[case] address: IpAddr) {
        assert!(is_public(address));
    }

    proptest! {
        #[test]
        fn what_the_standard_library_calls_private_is_never_public(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let closed = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_broadcast() || address.is_documentation() || address.is_unspecified()
                || address.is_multicast();
            prop_assert!(!(closed && is_public(IpAddr::V4(address))));
        }

        #[test]
        fn an_ipv4_address_inside_an_ipv6_one_is_never_public(bits: u32) {
            let [mapped, compatible] = [0xffff_0000_0000_u128, 0].map(|high| Ipv6Addr::from_bits(high | u128::from(bits)));
            let nat64 = Ipv6Addr::from_bits(0x64_ff9b_u128 << 96 | u128::from(bits));
            let of_6to4 = Ipv6Addr::from_bits(0x2002_u128 << 112 | u128::from(bits) << 80);
            let teredo = Ipv6Addr::from_bits(0x2001_0000_u128 << 96 | u128::from(bits) << 64 | u128::from(!bits));
            for address in [mapped, compatible, nat64, of_6to4, teredo] {
                prop_assert!(!is_public(IpAddr::V6(address)), "{}", address);
            }
        }
    }
}
