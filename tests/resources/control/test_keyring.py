"""A secret opens only where it was put, and never without its key."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from synkro_resources.control.keyring import Keyring, key_of, new_key, secret_tail
from synkro_resources.model.errors import ConfigurationError, DataError
from synkro_resources.settings import Settings

PLACE = {"tenant": "first", "integration": "amocrm", "field": "access_token"}


def ring(*ids: str) -> Keyring:
    return Keyring({name: name.encode().ljust(32, b".") for name in ids})


def test_a_secret_comes_back_as_it_was() -> None:
    sealed = ring("k1").encrypt("пароль и токен", **PLACE)
    assert ring("k1").decrypt(sealed, **PLACE) == "пароль и токен"
    assert "пароль" not in sealed


@pytest.mark.parametrize("elsewhere", [{"tenant": "second"}, {"integration": "radist"}, {"field": "refresh_token"}])
def test_a_secret_copied_to_another_place_does_not_open(elsewhere: dict[str, str]) -> None:
    sealed = ring("k1").encrypt("token", **PLACE)
    with pytest.raises(DataError, match="another place"):
        ring("k1").decrypt(sealed, **PLACE | elsewhere)


def test_a_damaged_secret_says_so_and_shows_nothing_of_itself() -> None:
    sealed = ring("k1").encrypt("token", **PLACE)
    for damaged in (f"{sealed[:-6]}AAAA==", "v1:k1:", "not a ciphertext"):
        with pytest.raises(DataError) as refusal:
            ring("k1").decrypt(damaged, **PLACE)
        assert refusal.value.__cause__ is None
        assert "token" not in str(refusal.value)


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    assert ring("k1").encrypt("token", **PLACE) != ring("k1").encrypt("token", **PLACE)


def test_an_older_key_still_opens_and_the_newest_one_seals() -> None:
    sealed = ring("k1").encrypt("token", **PLACE)
    both = ring("k2", "k1")
    assert both.decrypt(sealed, **PLACE) == "token"
    assert key_of(both.encrypt("token", **PLACE)) == "k2"


def test_a_lost_key_is_named_so_that_it_can_be_put_back() -> None:
    with pytest.raises(ConfigurationError, match="k1") as refusal:
        ring("k2").decrypt(ring("k1").encrypt("token", **PLACE), **PLACE)
    assert refusal.value.code == "secrets.unknown_key"


def test_a_separator_in_a_name_cannot_move_the_border_between_names() -> None:
    with pytest.raises(ValueError, match="cannot name"):
        ring("k1").encrypt("token", tenant="a|b", integration="c", field="d")


def test_only_the_tail_of_a_long_secret_is_shown() -> None:
    assert secret_tail("0123456789abcdefgh") == "efgh"
    assert secret_tail("short") == ""


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    settings = Settings.load(state_dir=tmp_path / "state")
    first = Keyring.from_settings(settings)
    file = tmp_path / "state" / "secret.keys"
    assert file.stat().st_mode & 0o777 == 0o600
    sealed = first.encrypt("token", **PLACE)
    assert Keyring.from_settings(settings).decrypt(sealed, **PLACE) == "token"


def test_a_new_key_is_kept_in_the_file_before_it_seals_anything(tmp_path: Path) -> None:
    settings = Settings.load(state_dir=tmp_path)
    keys = Keyring.from_settings(settings)
    old = keys.encrypt("token", **PLACE)
    name = keys.add_new_key()
    again = Keyring.from_settings(settings)
    assert again.newest == name
    assert again.decrypt(old, **PLACE) == "token"
    assert (tmp_path / "secret.keys").stat().st_mode & 0o777 == 0o600


def test_keys_of_the_environment_are_not_written_anywhere(tmp_path: Path) -> None:
    settings = Settings.load(state_dir=tmp_path, secret_keys=SecretStr(f"{new_key()},{new_key()}"))
    with pytest.raises(ConfigurationError, match="SYNKRO_SECRET_KEYS"):
        Keyring.from_settings(settings).add_new_key()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keys", ["k1", "k1:short", "k1:!!!", f"k1:{'A' * 43}=,k1:{'A' * 43}=", "k 1:AAAA"])
def test_a_wrong_setting_names_the_variable_and_never_the_key(keys: str) -> None:
    with pytest.raises(ConfigurationError, match="SYNKRO_SECRET_KEYS") as refusal:
        Keyring.from_settings(Settings.load(secret_keys=SecretStr(keys)))
    assert "AAAA" not in str(refusal.value)
