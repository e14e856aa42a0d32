"""How clients sound at the end of a dialog, and whether that is worse or better than at its beginning (#12)."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from synkro_resources.rules.metrics.frames import among
from synkro_resources.rules.metrics.labels import Labels
from synkro_resources.rules.statistics import Share

SIGNS = {"negative": -1, "neutral": 0, "positive": 1}
CHANGE_FROM_TEXTS = 6  # with fewer, the first three texts and the last three are partly the same ones


@dataclass(frozen=True)
class Sentiment:
    """Per analysed episode `start` and `end` (−1, 0, 1 or missing) and `change` where both were compared."""

    rows: pd.DataFrame

    @property
    def negative(self) -> Share:
        """Negative at the end, of those determined."""
        end = self.rows["end"].dropna()
        return Share(int((end < 0).sum()), len(end))

    @property
    def compared(self) -> int:
        return int(self.rows["change"].notna().sum())

    @property
    def worse(self) -> int:
        return int((self.rows["change"] < 0).sum())

    @property
    def better(self) -> int:
        return int((self.rows["change"] > 0).sum())


def sentiment(labels: Labels, active: pd.DataFrame, messages: pd.DataFrame) -> Sentiment:
    """#12 over the analysed episodes of `active`; only what clients wrote counts."""
    labels = labels.trusted
    keys = active.loc[labels.are_for(active["episode_key"]), "episode_key"].sort_values()
    rows = pd.DataFrame({"episode_key": keys.to_numpy()})
    rows["start"] = rows["episode_key"].map(_signs(labels, "sentiment_start", keys)).astype("float64")
    rows["end"] = rows["episode_key"].map(_signs(labels, "sentiment_end", keys)).astype("float64")
    rows["client_texts"] = rows["episode_key"].map(_client_texts(messages, keys)).fillna(0).astype("int64")
    long_enough = rows["client_texts"] >= CHANGE_FROM_TEXTS
    rows["change"] = (rows["end"] - rows["start"]).where(long_enough)
    return Sentiment(rows)


def _signs(labels: Labels, kind: str, keys: pd.Series) -> dict[str, int]:
    found = labels.found(kind, keys)
    found = found[found["value"].isin(list(SIGNS))].drop_duplicates("episode_key")
    return {str(key): SIGNS[str(value)] for key, value in zip(found["episode_key"], found["value"], strict=True)}


def _client_texts(messages: pd.DataFrame, keys: pd.Series) -> dict[str, int]:
    written = messages[
        (messages["author_kind"] == "client")
        & messages["is_counted"].astype(bool)
        & among(messages["episode_key"], keys)
        & messages["text"].fillna("").astype(str).str.strip().ne("")
    ]
    return {str(key): int(count) for key, count in written["episode_key"].value_counts().items()}
