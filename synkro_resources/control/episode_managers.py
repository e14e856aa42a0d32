"""Whose an episode is, as the newest package says: what a report holds against a manager, that manager may dispute."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from synkro_resources.control.tables.reports import report_package, report_package_row

EPISODES = "episodes"


def managers_of_episodes(connection: Connection, episode_keys: Sequence[str]) -> dict[str, int]:
    """amoCRM's user per episode, inside the caller's transaction; an episode of no report, or nobody's, is left out."""
    row, package = report_package_row.c, report_package.c
    newest = (
        select(row.episode_key, row.manager_id)
        .join(report_package, package.package_id == row.package_id)
        .where(
            row.list_code == EPISODES,
            row.episode_key == func.any(cast(list(episode_keys), ARRAY(Text))),
            package.state != "building",
        )
        .distinct(row.episode_key)
        .order_by(row.episode_key, package.built_at.desc(), package.package_id)
    )
    return {item.episode_key: item.manager_id for item in connection.execute(newest) if item.manager_id is not None}
