"""Where the lake begins: a folder, or a bucket with the settings that lead to it."""

from __future__ import annotations

from typing import Any

from upath import UPath

from synkro_resources.settings import Settings

LOCAL_PROTOCOLS = ("", "file", "local")


def lake_path(root: str) -> UPath:
    """The root of the lake. A bucket's address and keys come from this process's settings, never from `root`.

    Without the settings, the machine's own ways apply (`AWS_*` variables, a role of the machine). Listings are not
    kept: other processes write to the same bucket.
    """
    if not root.startswith("s3://"):
        return UPath(root)
    settings = Settings.load()
    options: dict[str, Any] = {"use_listings_cache": False}
    client = {"endpoint_url": settings.s3_endpoint_url, "region_name": settings.s3_region}
    if any(client.values()):
        options["client_kwargs"] = {name: value for name, value in client.items() if value}
    key_id, secret_key = settings.s3_key_id.get_secret_value(), settings.s3_secret_key.get_secret_value()
    if key_id and secret_key:
        options |= {"key": key_id, "secret": secret_key}
    return UPath(root, **options)


def is_local(path: UPath) -> bool:
    """Whether it lies on a disk of this machine (or one that looks like it)."""
    return path.protocol in LOCAL_PROTOCOLS
