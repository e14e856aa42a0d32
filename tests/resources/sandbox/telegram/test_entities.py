"""Telegram's HTML parse mode."""

import pytest

from synkro_resources.sandbox.telegram.entities import EntityError, parse_html, trim
from synkro_resources.sandbox.telegram.page import render_entities


def test_documented_tags_become_entities_measured_in_utf16_units() -> None:
    text, entities = parse_html('😀<b>Отчёт</b> <i><u>за день</u></i> <a href="https://x.ru/?a=1&amp;b=2">тут</a>')
    assert text == "😀Отчёт за день тут"
    assert entities == [
        {"type": "bold", "offset": 2, "length": 5},
        {"type": "underline", "offset": 8, "length": 7},
        {"type": "italic", "offset": 8, "length": 7},
        {"type": "text_link", "offset": 16, "length": 3, "url": "https://x.ru/?a=1&b=2"},
    ]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("<strong>x</strong>", "bold"),
        ("<em>x</em>", "italic"),
        ("<ins>x</ins>", "underline"),
        ("<strike>x</strike>", "strikethrough"),
        ("<del>x</del>", "strikethrough"),
        ("<code>x</code>", "code"),
        ("<pre>x</pre>", "pre"),
        ("<blockquote>x</blockquote>", "blockquote"),
        ("<blockquote expandable>x</blockquote>", "expandable_blockquote"),
        ("<tg-spoiler>x</tg-spoiler>", "spoiler"),
        ('<span class="tg-spoiler">x</span>', "spoiler"),
        ("<b>x</>", "bold"),
    ],
)
def test_every_documented_tag_is_understood(source: str, kind: str) -> None:
    text, entities = parse_html(source)
    assert (text, [item.get("type") for item in entities]) == ("x", [kind])


def test_only_four_named_references_exist_and_others_stay_literal() -> None:
    text, _ = parse_html("&lt;&gt;&amp;&quot;&#x27;&#1071;&nbsp;&copy;")
    assert text == "<>&\"'Я&nbsp;&copy;"


def test_a_code_block_keeps_its_language() -> None:
    _, entities = parse_html('<pre><code class="language-python">x = 1</code></pre>')
    assert entities == [{"type": "pre", "offset": 0, "length": 5, "language": "python"}]


def test_a_tag_around_nothing_and_a_bad_link_are_dropped_without_error() -> None:
    assert parse_html("a<b></b>b") == ("ab", [])
    assert parse_html('<a href="not a link">x</a>') == ("x", [])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("Итог<h1>x</h1>", 'Unsupported start tag "h1" at byte offset 8'),
        ("a<br>", 'Unsupported start tag "br" at byte offset 1'),
        ("x <b", "Unclosed start tag at byte offset 2"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<a =x>y</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("5 < 6", 'Unsupported start tag "" at byte offset 2'),
    ],
)
def test_wrong_markup_is_refused_with_the_servers_words_and_byte_offset(source: str, reason: str) -> None:
    with pytest.raises(EntityError) as caught:
        parse_html(source)
    assert str(caught.value) == reason


def test_trimming_moves_entities_with_their_words() -> None:
    text, entities = trim(*parse_html("\n <b> Итог </b> \n"))
    assert (text, entities) == ("Итог", [{"type": "bold", "offset": 0, "length": 4}])


def test_the_page_shows_what_was_formatted_and_nothing_else_as_markup() -> None:
    text, entities = parse_html("<b>Сделки <i>за день</i></b> &lt;script&gt; 😀<code>1</code>")
    assert render_entities(text, entities) == "<b>Сделки <i>за день</i></b> &lt;script&gt; 😀<code>1</code>"
