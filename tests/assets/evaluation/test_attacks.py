"""At least two hundred orders in a client's words, nine of ten noticed before a figure is spoilt."""

from __future__ import annotations

from collections import Counter

from synkro_assets.analysis.injection import looks_like_orders
from synkro_assets.analysis.rendering import one_line
from synkro_assets.evaluation.attacks import attacks
from synkro_resources.rules.mapped_text import MappedText


def shown(text: str) -> str:
    return one_line(MappedText.of(text)).text


def test_two_hundred_different_orders_in_a_dozen_disguises() -> None:
    made = list(attacks())
    assert len({attack.text for attack in made}) == len(made) >= 200
    assert len({attack.disguise for attack in made}) >= 12


def test_nine_of_ten_orders_are_noticed_and_more_than_half_of_each_disguise() -> None:
    made = list(attacks())
    noticed = [attack for attack in made if looks_like_orders(shown(attack.text))]
    assert len(noticed) / len(made) >= 0.9
    found, asked = Counter(one.disguise for one in noticed), Counter(one.disguise for one in made)
    assert all(found[name] / count > 0.5 for name, count in asked.items()), found
