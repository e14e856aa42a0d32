"""The fields of one connection, drawn from their description. Secrets are write-only: never prefilled, cleared soon."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.integration_forms import (
    OWN_ADDRESS,
    FieldType,
    FormField,
    IntegrationForm,
    is_asked,
    label_key,
)
from synkro_app.cabinet.texts import catalogue, translate
from synkro_resources.control.integrations import Integration
from synkro_resources.model.ids import IntegrationKind

Values = dict[str, str | bool]


def draw_fields(form: IntegrationForm, tenant: str, stored: Integration | None, language: str) -> None:
    """All fields that are asked for as the form is filled in now; rare ones in a fold."""
    prefix = key_prefix(tenant, form.kind, stored)
    usual = [item for item in form.fields if not item.rare]
    rare = [item for item in form.fields if item.rare]
    for item in usual:
        if is_asked(item, _so_far(form, prefix, stored)):
            _draw_field(form.kind, item, prefix, stored, language)
    if rare:
        with st.expander(translate(language, "connect.rare"), icon=":material/tune:"):
            for item in rare:
                _draw_field(form.kind, item, prefix, stored, language)


def values_of(form: IntegrationForm, tenant: str, stored: Integration | None) -> Values:
    """What is typed now, by field; for callbacks, which run before the fields are drawn."""
    return _so_far(form, key_prefix(tenant, form.kind, stored), stored)


def clear_secrets(form: IntegrationForm, tenant: str, stored: Integration | None) -> None:
    """Forget what was typed into secret fields; only callbacks may do it."""
    prefix = key_prefix(tenant, form.kind, stored)
    for item in form.fields:
        if item.is_secret:
            st.session_state.pop(prefix + item.name, None)


def key_prefix(tenant: str, kind: IntegrationKind, stored: Integration | None) -> str:
    """A part of every widget's key: another company's or an older version's text must never be taken for this one's."""
    return f"connect_{tenant}_{kind}_{0 if stored is None else stored.version}_"


def field_key(tenant: str, kind: IntegrationKind, stored: Integration | None, name: str) -> str:
    return key_prefix(tenant, kind, stored) + name


def _so_far(form: IntegrationForm, prefix: str, stored: Integration | None) -> Values:
    return {item.name: _value(item, prefix, stored) for item in form.fields}


def _value(item: FormField, prefix: str, stored: Integration | None) -> str | bool:
    initial = _initial(item, stored)
    if item.presets:
        chosen = st.session_state.get(f"{prefix}{item.name}_preset", _preset_of(item, str(initial)))
        if chosen in item.presets:
            return item.presets[chosen]
    found: str | bool | None = st.session_state.get(prefix + item.name, initial)
    return "" if found is None else found


def _initial(item: FormField, stored: Integration | None) -> str | bool:
    if item.is_secret:
        return ""
    found = None if stored is None else stored.public.get(item.name)
    if item.type is FieldType.FLAG:
        return found is True
    return item.default if found is None else str(found)


def _preset_of(item: FormField, value: str) -> str:
    return next((code for code, address in item.presets.items() if address == value), OWN_ADDRESS)


def _draw_field(kind: IntegrationKind, item: FormField, prefix: str, stored: Integration | None, language: str) -> None:
    key, initial = prefix + item.name, _initial(item, stored)
    label, help_text = translate(language, label_key(kind, item)), _help(kind, item, language)
    match item.type:
        case FieldType.SECRET:
            _draw_secret(item, key, label, help_text, stored, language)
        case FieldType.FLAG:
            st.checkbox(label, value=initial is True, key=key, help=help_text)
        case FieldType.CHOICE:
            choices = [*item.choices, *([str(initial)] if initial not in item.choices else [])]
            st.selectbox(
                label,
                choices,
                index=choices.index(str(initial)),
                format_func=lambda code: _choice(item, code, language),
                key=key,
                help=help_text,
            )
        case FieldType.ADDRESS if item.presets:
            _draw_presets(item, key, label, help_text, str(initial), language)
        case _:
            st.text_input(label, value=str(initial), key=key, help=help_text, placeholder=item.example or None)


def _draw_secret(
    item: FormField, key: str, label: str, help_text: str | None, stored: Integration | None, language: str
) -> None:
    tail = None if stored is None else stored.secret_tails.get(item.name)
    st.text_input(
        label,
        key=key,
        type="password",
        help=help_text,
        autocomplete="new-password",
        placeholder=None if tail is None else translate(language, "connect.keep"),
    )
    if tail is not None:
        saved = (
            translate(language, "connect.saved_tail", tail=plain(tail))
            if tail
            else translate(language, "connect.saved")
        )
        st.caption(saved)


def _draw_presets(item: FormField, key: str, label: str, help_text: str | None, initial: str, language: str) -> None:
    codes = [*item.presets, OWN_ADDRESS]
    chosen = st.selectbox(
        label,
        codes,
        index=codes.index(_preset_of(item, initial)),
        format_func=lambda code: translate(language, f"connect.preset.{code}"),
        key=f"{key}_preset",
        help=help_text,
    )
    if chosen == OWN_ADDRESS:
        value = "" if initial in item.presets.values() else initial
        st.text_input(
            translate(language, "connect.own_address"), value=value, key=key, placeholder=item.example or None
        )


def _choice(item: FormField, code: str, language: str) -> str:
    """A choice in words, or the value itself where it is a name of the service's own."""
    return catalogue(language).get(f"connect.choice.{item.name}.{code or 'unset'}", code)


def _help(kind: IntegrationKind, item: FormField, language: str) -> str | None:
    return catalogue(language).get(f"{label_key(kind, item)}_help")
