"""What is shared by all processes that speak to one vendor account: its rate buckets and its block.

Keyed by a hash of the account's address and not by tenant: two tenants may connect the same account, and the vendor
counts their requests together.
"""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from synkro_resources.control.tables.base import instant, metadata, text

rate_bucket = Table(
    "rate_bucket",
    metadata,
    Column("account_key", Text, primary_key=True),
    Column("bucket", Text, primary_key=True),
    instant("next_at"),
)

vendor_block = Table(
    "vendor_block",
    metadata,
    Column("account_key", Text, primary_key=True),
    text("code"),
    instant("blocked_at"),
    instant("blocked_until"),
)
