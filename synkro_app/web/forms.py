"""The few pages beside the cabinet that hold a form: signing in, the code, an invitation, a new password.

Plain HTML without scripts, in the browser's language; whatever came from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from synkro_app.cabinet.texts import LANGUAGES, translate
from synkro_app.web.static import asset
from synkro_resources.model.errors import SynkroError

# These pages' addresses and fields hold one-time secrets.
HEADERS = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Field:
    """One input; its label is the text `form.<name>`, its kind and `autocomplete` are HTML's. `fixed`: shown only."""

    name: str
    kind: str
    autocomplete: str
    value: str = ""
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is sent to `action`; the button's text is `form.<button>`."""

    action: str
    button: str
    fields: Sequence[Field] = ()
    hidden: tuple[tuple[str, str], ...] = ()


def browser_language(request: Request) -> str:
    """English for a browser that asks for it first, Russian for everybody else."""
    first = request.headers.get("accept-language", "").partition(",")[0].partition("-")[0].strip().lower()
    return first if first in LANGUAGES else LANGUAGES[0]


def page(
    language: str,
    title: str,
    lead: str,
    *forms: Form,
    problem: str = "",
    notice: str = "",
    status: int = 200,
) -> Response:
    """A whole page: heading, lead, what went wrong or well, and the forms."""
    message = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    message += f'<p class="notice" role="status">{escape(notice)}</p>' if notice else ""
    html = (
        asset("form.html")
        .replace("{{language}}", language)
        .replace("{{title}}", escape(title))
        .replace("{{lead}}", escape(lead))
        .replace("{{message}}", message)
        .replace("{{forms}}", "\n".join(_form(language, form) for form in forms))
    )
    return HTMLResponse(html, status, headers=HEADERS)


def said(error: SynkroError, language: str) -> str:
    """What went wrong and what to do, in one line."""
    return f"{error.what.in_language(language)} {error.remedy.in_language(language)}"


def _form(language: str, form: Form) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in form.hidden
    )
    first = next((field.name for field in form.fields if not field.value), None)
    fields = "".join(_field(language, field, has_focus=field.name == first) for field in form.fields)
    button = escape(translate(language, f"form.{form.button}"))
    return (
        f'<form method="post" action="{escape(form.action)}">{hidden}{fields}'
        f'<button type="submit">{button}</button></form>'
    )


def _field(language: str, field: Field, *, has_focus: bool) -> str:
    attributes = [f'type="{field.kind}"', f'name="{field.name}"', f'autocomplete="{field.autocomplete}"', "required"]
    if field.value:
        attributes.append(f'value="{escape(field.value)}"')
    if field.fixed:
        attributes.append("readonly")
    if has_focus:
        attributes.append("autofocus")
    label = escape(translate(language, f"form.{field.name}"))
    return f"<label>{label} <input {' '.join(attributes)}></label>"
