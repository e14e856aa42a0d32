"""The offline evaluation must be able to pass, or nobody would see that a change of the product made it fail."""

from __future__ import annotations

from synkro_assets.analysis.rendering import render
from synkro_assets.evaluation.comparison import agreements, compared
from synkro_assets.evaluation.gates import LEAST_KAPPA, LEAST_PRECISION, PRECISE
from synkro_assets.evaluation.synthetic import synthetic_gold
from synkro_resources.sandbox.openai.analyst.analyst import truth
from synkro_resources.sandbox.openai.analyst.episode import find_episode
from synkro_resources.sandbox.openai.analyst.reading import Reading
from synkro_resources.sandbox.openai.analyst.request import AnalysisRequest

NONCE = "7f3c9a1b"


def test_what_the_invented_model_reads_in_the_gold_set_passes_every_bound() -> None:
    pairs: dict[str, list[tuple[str, str]]] = {}
    for episode in synthetic_gold():
        shown = find_episode(render(episode.content(), NONCE))
        assert shown is not None
        found = truth(Reading(shown), AnalysisRequest(shown, is_full=True, repairs=None, is_second=False))
        told = {
            (item.type, item.code): item.value if item.applicability == "applicable" else item.applicability
            for item in found
        }
        for item, pair, _ in compared(episode, told):
            pairs.setdefault(item.partition(" ")[0], []).append(pair)
    by_name = {one.name: one for one in agreements(pairs)}
    kappas = {name: one.kappa for name, one in by_name.items() if name.startswith("CK")}
    assert len(kappas) == 12
    assert {name: kappa for name, kappa in kappas.items() if kappa is None or kappa < LEAST_KAPPA} == {}
    precise = {name: by_name[name].precision for name in PRECISE}
    assert {name: share for name, share in precise.items() if share is None or share < LEAST_PRECISION} == {}
