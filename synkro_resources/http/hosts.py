"""Which addresses a vendor client may be pointed at: a token sent to a foreign host is a stolen token."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

import httpx

from synkro_resources.model.errors import IntegrationError, Sentence


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """The hosts of one vendor, as a regular expression that must match the whole lower-case host name."""

    vendor: str
    hosts: re.Pattern[str]
    example: str

    def check(self, base_url: str, *, tenant: str, allow_sandbox: bool = False) -> httpx.URL:
        """Return `base_url` without a trailing slash if a token may be sent there.

        `allow_sandbox` also permits plain http on this machine, for the invented vendors.

        Raises:
            IntegrationError: `<vendor>.bad_address`.
        """
        try:
            url = httpx.URL(base_url.strip().rstrip("/"))
        except httpx.InvalidURL:
            raise self._refusal(tenant) from None
        if url.userinfo or url.query or url.fragment:
            raise self._refusal(tenant)
        if allow_sandbox and url.scheme in ("http", "https") and is_loopback(url.host):
            return url
        if url.scheme != "https" or url.port not in (None, 443) or self.hosts.fullmatch(url.host.lower()) is None:
            raise self._refusal(tenant)
        return url

    def _refusal(self, tenant: str) -> IntegrationError:
        return IntegrationError(
            f"{self.vendor}.bad_address",
            Sentence("Адрес интеграции не подходит.", "The integration's address cannot be used."),
            Sentence(f"Укажите адрес вида {self.example}.", f"Give an address such as {self.example}."),
            tenant=tenant,
            integration=self.vendor,
        )


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by name or by address; no name is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_inside(address: str) -> bool:
    """Whether an IP address is this machine, its network or nobody's, also wrapped into an IPv6 address.

    Raises:
        ValueError: it is no IP address.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        wrapped = found.ipv4_mapped or found.sixtofour
        if wrapped is None and any(found in network for network in _IPV4_IN_IPV6):
            wrapped = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        found = wrapped or found
    return found.is_multicast or not found.is_global


_IPV4_IN_IPV6 = tuple(map(ipaddress.IPv6Network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48")))
"""A translator on the way may send these on to the IPv4 address in their last four bytes (RFC 4291, 6052, 8215)."""
