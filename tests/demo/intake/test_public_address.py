"""Which addresses a server connects to for strangers."""

from ipaddress import ip_address

import pytest

from resnet_hub.demo.intake.public_address import is_public

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "192.0.1.1", "2606:4700:4700::1111", "2a00:1450:4001:801::200e"]
NOT_PUBLIC = {
    "127.0.0.1": "loopback",
    "127.255.0.9": "loopback",
    "0.0.0.0": "unspecified",
    "0.1.2.3": "this network",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "169.254.169.254": "metadata of clouds",
    "168.63.129.16": "Azure's machines only",
    "192.0.0.192": "metadata of a cloud",
    "192.88.99.1": "6to4 relay",
    "100.64.0.1": "carrier's NAT",
    "100.100.100.200": "metadata of a cloud, in a carrier's NAT",
    "198.18.0.1": "benchmarks",
    "192.0.2.1": "documentation",
    "224.0.0.1": "multicast",
    "239.1.2.3": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "unspecified",
    "::1": "loopback",
    "::127.0.0.1": "IPv4-compatible",
    "::ffff:127.0.0.1": "IPv4-mapped",
    "::ffff:8.8.8.8": "IPv4-mapped",
    "::ffff:0:7f00:1": "IPv4-translated",
    "64:ff9b::7f00:1": "NAT64",
    "64:ff9b:1::1": "local NAT64",
    "100::1": "discarded",
    "2001::1": "Teredo",
    "2001:db8::1": "documentation",
    "2002:7f00:1::": "6to4",
    "3fff::1": "documentation",
    "4000::1": "given to nobody",
    "fc00::1": "unique local",
    "fd00:ec2::254": "metadata of a cloud",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local, with its interface",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_that_anybody_can_reach_are_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(("address", "kind"), NOT_PUBLIC.items())
def test_addresses_inside_and_behind_gateways_are_not(address, kind):
    assert not is_public(ip_address(address)), kind
