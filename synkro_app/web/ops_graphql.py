"""What a GraphQL request to Dagster asks for, judged before it is passed on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    parse,
)
from graphql.utilities import get_operation_ast

MOST_TOKENS = 20_000
"""Dagster's own page asks with at most some two thousand; the parser's work is bounded by it."""
MOST_NAMES = 20

Kind = Literal["query", "mutation", "subscription"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One judged operation. `fields`: what it asks of the root, by Dagster's own names and not by aliases."""

    kind: Kind
    name: str
    fields: tuple[str, ...]
    query: str
    variables: Mapping[str, object]

    @property
    def digest(self) -> str:
        """SHA-256 of the variables, which may hold whatever somebody typed and are not kept."""
        plain = json.dumps(self.variables, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(plain.encode()).hexdigest()

    def body(self) -> dict[str, object]:
        """The request anew, so that Dagster reads what was judged and not what a second parser would find."""
        return {"query": self.query, "variables": dict(self.variables), "operationName": self.name or None}


def judged(payload: object) -> Asked | None:
    """The one operation that the payload would carry out; None if that cannot be told."""
    if not isinstance(payload, dict):
        return None
    given = cast("dict[str, object]", payload)
    query, name, variables = given.get("query"), given.get("operationName"), given.get("variables")
    if not isinstance(query, str) or not isinstance(name, str | None) or not isinstance(variables, dict | None):
        return None
    try:
        document = parse(query, no_location=True, max_tokens=MOST_TOKENS)
    except (GraphQLError, RecursionError):
        return None
    operation = get_operation_ast(document, name or None)
    if operation is None:
        return None
    return Asked(
        kind=operation.operation.value,
        name=operation.name.value if operation.name else "",
        fields=_fields(document, operation),
        query=query,
        variables=cast("dict[str, object]", variables or {}),
    )


def _fields(document: DocumentNode, operation: OperationDefinitionNode) -> tuple[str, ...]:
    """Fields of the root by name, those in fragments as well."""
    fragments = {
        item.name.value: item.selection_set for item in document.definitions if isinstance(item, FragmentDefinitionNode)
    }
    found: list[str] = []
    waiting = [operation.selection_set]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                found.append(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
                waiting.append(fragments.pop(node.name.value))  # once each: a circle of fragments ends
    return tuple(found[:MOST_NAMES])
