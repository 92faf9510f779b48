"""Keeps webhooks from reaching into the operator's own network.

Whoever registers a webhook names an address that this machine will call. Without a guard it could
name the machine's metadata service or a neighbour's database. So a name is resolved once, every
address it has must be public, and the call goes to the address that was checked.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from zhenzan.errors import WebhookError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses that a gateway turns into the IPv4 address in their last 32 bits (RFC 6052)."""

URL_LENGTH_MAX = 2_048
"""Characters of an address; browsers and proxies refuse longer ones."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: the address that was checked, and the name it was asked for by."""

    url: SplitResult
    host: str
    port: int
    address: str


class AddressGuard:
    """Decides which addresses a webhook may have.

    Parameters
    ----------
    opened
        Networks that the operator opens although they are private; plain ``http`` is allowed
        there too.
    resolve
        Turns a name and a port into addresses.
    """

    def __init__(self, opened: Sequence[Network] = (), resolve: Resolve | None = None) -> None:
        self._opened = tuple(opened)
        self._resolve = resolve or _resolved

    def check(self, url: str) -> Target:
        """Resolve an address and say where a call to it goes.

        Raises
        ------
        WebhookError
            The address is malformed, cannot be resolved, or is not public and not opened.
        """
        parts, host, port = _parsed(url)
        try:
            found = [ipaddress.ip_address(text.split("%")[0]) for text in self._resolve(host, port)]
        except (OSError, UnicodeError, ValueError) as error:
            raise WebhookError(f"`{host}` cannot be resolved") from error
        if not found:
            raise WebhookError(f"`{host}` cannot be resolved")
        opened = all(self._is_opened(address) for address in found)
        if not opened and not all(
            self._is_opened(address) or is_public(address) for address in found
        ):
            raise WebhookError(
                f"`{host}` is no public address", hint="an operator can open a network to webhooks"
            )
        if parts.scheme == "http" and not opened:
            raise WebhookError(f"`{host}` must be called over https")
        return Target(parts, host, port, str(found[0]))

    def _is_opened(self, address: Address) -> bool:
        return any(
            address.version == network.version and address in network for network in self._opened
        )


def is_public(address: Address) -> bool:
    """Say whether an address, or the IPv4 address inside it, belongs to the public internet.

    Examples
    --------
    >>> is_public(ipaddress.ip_address("8.8.8.8"))
    True
    >>> is_public(ipaddress.ip_address("::ffff:169.254.169.254"))
    False
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def networks(texts: Sequence[str]) -> list[Network]:
    """Read networks such as ``10.0.0.0/8``.

    Raises
    ------
    WebhookError
        A text is no network.
    """
    try:
        return [ipaddress.ip_network(text) for text in texts]
    except ValueError as error:
        raise WebhookError(f"{error}", hint="give a network such as `10.0.0.0/8`") from error


def _parsed(url: str) -> tuple[SplitResult, str, int]:
    if len(url) > URL_LENGTH_MAX or not url.isprintable() or " " in url:
        raise WebhookError("the address of a webhook must be printable and of usual length")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WebhookError(f"`{url}` is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WebhookError(f"`{url}` is no address", hint="give `https://host/path`")
    if parts.username is not None or parts.password is not None:
        raise WebhookError("the address of a webhook must not hold a password")
    return parts, parts.hostname, port or (443 if parts.scheme == "https" else 80)


def _resolved(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
