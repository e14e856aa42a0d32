"""Strict structured outputs: is the schema itself acceptable, does a value fit it, which value fits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

MAX_DEPTH = 4
MAX_PROPERTIES = 80
MAX_ENUM_VALUES = 200
"""The official limits are not published: bounds that every known provider accepts. Depth counts objects and lists."""

LIMIT_WORDS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems"),
    }
)
_KNOWN_WORDS = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf"),
        *("$ref", "$defs", "definitions", "title", "description", *LIMIT_WORDS),
    }
)
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "object": (dict,),
    "array": (list,),
}

Schema = Mapping[str, object]


class SchemaRefused(Exception):  # it reads as the answer it becomes
    """The schema is not acceptable in strict mode; the text is the server's reason."""


class _Checker:
    def __init__(self, root: Schema, *, limits_refused: bool) -> None:
        self.root = root
        self.limits_refused = limits_refused
        self.properties = 0
        self.enum_values = 0

    def check(self, node: object, context: tuple[str, ...], depth: int, references: tuple[str, ...]) -> None:
        if not isinstance(node, dict):
            raise SchemaRefused(f"In context={context!r}, schema must be an object")
        schema = cast("Schema", node)
        if unknown := sorted(set(schema) - _KNOWN_WORDS):
            raise SchemaRefused(f"In context={context!r}, '{unknown[0]}' is not permitted")
        if self.limits_refused and (limits := sorted(set(schema) & LIMIT_WORDS)):
            raise SchemaRefused(f"In context={context!r}, '{limits[0]}' is not permitted")
        if "$ref" in schema:
            self._reference(schema, context, depth, references)
            return
        if "anyOf" in schema:
            for index, branch in enumerate(_list(schema["anyOf"])):
                self.check(branch, (*context, "anyOf", str(index)), depth, references)
            return
        types = types_of(schema)
        if not types and "enum" not in schema and "const" not in schema:
            raise SchemaRefused(f"In context={context!r}, schema must have a 'type' key")
        if unknown_types := [name for name in types if name not in _TYPES]:
            raise SchemaRefused(f"In context={context!r}, '{unknown_types[0]}' is not a known type")
        self.enum_values += len(_list(schema.get("enum", [])))
        if self.enum_values > MAX_ENUM_VALUES:
            raise SchemaRefused(f"schema has more than {MAX_ENUM_VALUES} enum values")
        if depth > MAX_DEPTH and {"object", "array"} & set(types):
            raise SchemaRefused(f"In context={context!r}, schema exceeds {MAX_DEPTH} levels of objects and lists")
        if "object" in types:
            self._object(schema, context, depth, references)
        if "array" in types:
            if "items" not in schema:
                raise SchemaRefused(f"In context={context!r}, array schema missing items")
            self.check(schema["items"], (*context, "items"), depth + 1, references)

    def _object(self, schema: Schema, context: tuple[str, ...], depth: int, references: tuple[str, ...]) -> None:
        if schema.get("additionalProperties") is not False:
            raise SchemaRefused(
                f"In context={context!r}, 'additionalProperties' is required to be supplied and to be false"
            )
        properties = cast("Mapping[str, object]", schema.get("properties", {}))
        required = [str(name) for name in _list(schema.get("required", []))]
        if missing := [name for name in properties if name not in required]:
            raise SchemaRefused(
                f"In context={context!r}, 'required' is required to be supplied and to be an array including every "
                f"key in properties. Missing '{missing[0]}'"
            )
        if extra := [name for name in required if name not in properties]:
            raise SchemaRefused(f"In context={context!r}, Extra required key '{extra[0]}' supplied")
        self.properties += len(properties)
        if self.properties > MAX_PROPERTIES:
            raise SchemaRefused(f"schema has more than {MAX_PROPERTIES} properties")
        for name, child in properties.items():
            self.check(child, (*context, "properties", name), depth + 1, references)

    def _reference(self, schema: Schema, context: tuple[str, ...], depth: int, references: tuple[str, ...]) -> None:
        name = str(schema["$ref"])
        if set(schema) - {"$ref"}:
            raise SchemaRefused(f"In context={context!r}, $ref cannot have keywords {sorted(set(schema) - {'$ref'})}")
        if name in references:
            raise SchemaRefused(f"In context={context!r}, recursive schemas are not permitted")
        self.check(resolve(schema, self.root), context, depth, (*references, name))


def check_strict_schema(schema: object, *, limits_refused: bool = False) -> None:
    """Accept `schema` for strict mode.

    Raises:
        SchemaRefused: not an object at the top, an optional property, free keys, a default, recursion, a limit passed.
    """
    if not isinstance(schema, dict):
        raise SchemaRefused("schema must be an object")
    root = cast("Schema", schema)
    if "anyOf" in root or types_of(root) != ["object"]:
        raise SchemaRefused(f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{root.get('type')}\"'")
    _Checker(root, limits_refused=limits_refused).check(root, (), 1, ())


def types_of(schema: Schema) -> list[str]:
    """The `type` keyword as a list; a list of names means a nullable or mixed value."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind]
    return [str(item) for item in _list(kind)] if isinstance(kind, list) else []


def resolve(schema: Schema, root: Schema) -> Schema:
    """Follow a local `$ref`.

    Raises:
        SchemaRefused: it points nowhere.
    """
    node = schema
    while "$ref" in node:
        target: object = root
        for step in str(node["$ref"]).removeprefix("#").strip("/").split("/"):
            if step:
                target = cast("Mapping[str, object]", target).get(step) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            raise SchemaRefused(f"reference '{node['$ref']}' can't be resolved")
        node = cast("Schema", target)
    return node


def problems(value: object, schema: Schema, root: Schema, where: str = "$") -> list[str]:
    """Why `value` does not fit; empty if it does. Number and length limits are not judged."""
    schema = resolve(schema, root)
    if "anyOf" in schema:
        branches = [problems(value, cast("Schema", item), root, where) for item in _list(schema["anyOf"])]
        return [] if any(not found for found in branches) else branches[0]
    if "const" in schema and value != schema["const"]:
        return [f"{where}: not the constant"]
    if "enum" in schema and value not in _list(schema["enum"]):
        return [f"{where}: not one of the enum values"]
    types = types_of(schema)
    if types and not any(_is(value, name) for name in types):
        return [f"{where}: not of type {' or '.join(types)}"]
    found: list[str] = []
    if isinstance(value, dict) and "object" in types:
        fields = cast("Mapping[str, object]", value)
        properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
        found += [f"{where}: missing {name}" for name in _list(schema.get("required", [])) if name not in fields]
        if schema.get("additionalProperties") is False:
            found += [f"{where}: unexpected {name}" for name in fields if name not in properties]
        for name, child in properties.items():
            if name in fields:
                found += problems(fields[name], child, root, f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(cast("Sequence[object]", value)):
            found += problems(item, cast("Schema", schema["items"]), root, f"{where}[{index}]")
    return found


def _is(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(name, ()))


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
