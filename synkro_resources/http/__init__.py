"""One HTTP client for the vendors that are read: separate objects for authentication, limits, retries and judgement."""

from __future__ import annotations

from synkro_resources.http.account import AccountClient, RateLimit, account_key, limiter_of, process_limiter
from synkro_resources.http.auth import Auth, HeaderSecret
from synkro_resources.http.breaker import PROCESS_BREAKERS, CircuitBreaker
from synkro_resources.http.classify import Action, BodyKind, Rule, RuleTable
from synkro_resources.http.client import RequestCounters, VendorClient
from synkro_resources.http.guard import ReadOnlyTransport
from synkro_resources.http.hosts import HostPolicy
from synkro_resources.http.leases import LeasedBucket, Stretch, Stretches
from synkro_resources.http.limits import PROCESS_BUCKETS, Limiter, PathLimit, PathLimiter, TokenBucket
from synkro_resources.http.retry import RetryPolicy

__all__ = [
    "PROCESS_BREAKERS",
    "PROCESS_BUCKETS",
    "AccountClient",
    "Action",
    "Auth",
    "BodyKind",
    "CircuitBreaker",
    "HeaderSecret",
    "HostPolicy",
    "LeasedBucket",
    "Limiter",
    "PathLimit",
    "PathLimiter",
    "RateLimit",
    "ReadOnlyTransport",
    "RequestCounters",
    "RetryPolicy",
    "Rule",
    "RuleTable",
    "Stretch",
    "Stretches",
    "TokenBucket",
    "VendorClient",
    "account_key",
    "limiter_of",
    "process_limiter",
]
