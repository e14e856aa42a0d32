"""The installation's settings: environment variables `SYNKRO_*`, checked at start, one documented table in the README.

A variable that is not set is looked up in `<state>/runtime.json`, which a running `synkro up` writes, so that a command
in another shell finds the running installation without any export.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from synkro_resources.model.clock import Clock, clock_from_setting
from synkro_resources.model.errors import ConfigurationError, Sentence

ENV_PREFIX = "SYNKRO_"
RUNTIME_FILE = "runtime.json"


class Settings(BaseSettings):
    """All settings of one installation. Field descriptions are the README's table."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="ignore", validate_default=True)

    state_dir: Path = Field(Path(".synkro"), description="Folder for the embedded database, the lake, logs and keys.")
    database_url: SecretStr = Field(
        SecretStr(""),
        description="Control database (owner of the schema), postgresql+psycopg2://…; empty: the embedded PostgreSQL.",
    )
    dagster_database_url: SecretStr = Field(
        SecretStr(""),
        description="Dagster's storage, one per cell; empty: `dagster` (`dagster_<cell>`) on the same server.",
    )
    lake_url: str = Field("", description="Root of the Parquet lake, a folder or s3://…; empty: <state>/lake.")
    s3_endpoint_url: str = Field("", description="Address of the object store of an s3:// lake; empty: Amazon's.")
    s3_region: str = Field("", description="Region of the bucket; empty: as the machine is configured (AWS_REGION).")
    s3_key_id: SecretStr = Field(
        SecretStr(""), description="Key to the bucket; empty: as the machine is configured (AWS_*, its role)."
    )
    s3_secret_key: SecretStr = Field(SecretStr(""), description="Secret of SYNKRO_S3_KEY_ID.")
    secret_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys for secrets at rest, `id:base64` separated by commas, newest first (32 bytes each). "
        "Empty: <state>/secret.keys, generated at first start.",
    )
    cell: str = Field("main", description="Name of this cell; sensors and schedules see only its tenants.")
    history_start: date | None = Field(
        None, description="First day of the partitions; empty: first of the month 12 months before the first start."
    )
    clock: str = Field("", description="Fixed present instant (ISO with zone), for tests and simulations only.")
    allow_sandbox: bool = Field(
        False, description="Accept http:// and loopback addresses of sandbox vendors. Never in production."
    )
    cabinet_host: str = Field("127.0.0.1", description="Address the cabinet listens on.")
    cabinet_port: int = Field(8501, description="Port of the cabinet; the next free one if taken.")
    public_url: str = Field("", description="Address clients use, https://…; empty: the cabinet's own address.")
    telegram_updates: Literal["polling", "webhook"] = Field(
        "polling",
        description="How bots are heard: `polling` asks Telegram; `webhook` has it call SYNKRO_PUBLIC_URL (https).",
    )
    dagster_url: str = Field(
        "http://127.0.0.1:3000/ops", description="Private address of the Dagster webserver (never public)."
    )
    dagster_port: int = Field(3000, description="Port of the Dagster webserver, loopback only.")
    code_server_port: int = Field(4266, description="Port of the Dagster code server, loopback only.")
    sandbox_port: int = Field(8090, description="Port of the sandbox vendors in the demo, loopback only.")
    max_concurrent_runs: int = Field(
        2, description="Runs at the same time: on this machine, with workers in all of them together.", ge=1
    )
    run_launcher: Literal["default", "celery"] = Field(
        "default",
        description="Where runs work: `default` each in a process of its own beside the code server; `celery` in warm "
        "workers, on this machine or on others (docs/scaling.md).",
    )
    redis_url: SecretStr = Field(
        SecretStr(""), description="Redis between Dagster and the workers, redis://… or rediss://… (`celery` only)."
    )
    worker_processes: int = Field(
        2, description="Runs at the same time in one worker (`celery` only); 0: `synkro up` starts no worker.", ge=0
    )
    worker_drain_s: int = Field(
        600, description="Seconds that a stopped `synkro worker` gives its runs before it interrupts them.", ge=0
    )
    amocrm_rate: float = Field(
        5.0, description="Requests per second to one amoCRM account; it allows 7 and blocks whoever goes on.", gt=0
    )
    radist_rate: float = Field(
        4.0, description="Requests per second to one Radist company; it allows 5, and 1 per listing.", gt=0
    )
    tenant_lock_wait_s: int = Field(120, description="How long a run waits for its tenant's lock, seconds.", ge=0)
    backup_retention_days: int = Field(
        30, description="Days your backups are kept; certificates of erasure name the day until which they last.", ge=0
    )
    operators_chat: str = Field(
        "", description="Telegram chat in which operators hear of trouble with the platform; empty: no alerts."
    )
    operators_bot_token: SecretStr = Field(SecretStr(""), description="Token of the bot that writes there.")
    operators_bot_api: str = Field("", description="Bot API server of that bot; empty: Telegram's own.")
    operators_language: Literal["ru", "en"] = Field("ru", description="Language of alerts.")
    alert_queue_min: int = Field(15, description="Minutes that a request may wait before operators hear of it.", ge=1)
    alert_disk_gib: float = Field(2.0, description="Free GiB below which operators hear of the disk.", ge=0)
    alert_ai_cost: Decimal = Field(
        Decimal(0),
        description="Cost of the AI per month and cell, in any one currency, above which operators hear; 0: never.",
        ge=0,
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer token with which Prometheus reads /metrics; empty: the page does not exist."
    )
    otlp_endpoint: str = Field(
        "",
        description="OpenTelemetry collector (OTLP over HTTP, without /v1/…) for traces and metrics; empty: none.",
    )
    log_level: str = Field("INFO", description="Lowest level that is logged.")

    @field_validator("history_start", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("clock")
    @classmethod
    def _clock_is_readable(cls, value: str) -> str:
        clock_from_setting(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings

    @classmethod
    def load(cls, **overrides: object) -> Settings:
        """Read the environment, completed from a running installation's `runtime.json`.

        Raises:
            ConfigurationError: `settings.invalid`, naming every wrong variable.
        """
        try:
            first = cls(**overrides)  # pyright: ignore[reportArgumentType]  # pydantic validates the values
            runtime = first.state_dir / RUNTIME_FILE
            if not runtime.is_file():
                return first
            stored: dict[str, object] = json.loads(runtime.read_text()).get("settings", {})
            known = {name: value for name, value in stored.items() if name not in first.model_fields_set}
            return cls(**{**known, **overrides})  # pyright: ignore[reportArgumentType]
        except ValidationError as error:
            problems = "; ".join(
                f"{ENV_PREFIX}{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors() if item["loc"]
            )
            raise ConfigurationError(
                "settings.invalid",
                Sentence(f"Неверные настройки: {problems}.", f"Invalid settings: {problems}."),
                Sentence(
                    "Исправьте переменные окружения; таблица настроек есть в README.",
                    "Correct the environment variables; the README has the table of settings.",
                ),
            ) from error

    @property
    def control_url(self) -> str:
        """URL of the control database.

        Raises:
            ConfigurationError: `settings.no_database`.
        """
        url = self.database_url.get_secret_value()
        if not url:
            raise ConfigurationError(
                "settings.no_database",
                Sentence("Не найдена база данных.", "No database is known."),
                Sentence(
                    "Запустите `synkro up` (или `make demo`) либо задайте SYNKRO_DATABASE_URL.",
                    "Start `synkro up` (or `make demo`), or set SYNKRO_DATABASE_URL.",
                ),
            )
        return url

    @property
    def lake_root(self) -> str:
        return self.lake_url or str((self.state_dir / "lake").resolve())

    @property
    def has_operators_chat(self) -> bool:
        """Whether there is somebody to tell of trouble with the platform."""
        return bool(self.operators_chat and self.operators_bot_token.get_secret_value())

    @property
    def cabinet_url(self) -> str:
        """The address people open, without a trailing slash."""
        return self.public_url.rstrip("/") or f"http://{self.cabinet_host}:{self.cabinet_port}"

    @cached_property
    def present(self) -> Clock:
        """The installation's clock."""
        return clock_from_setting(self.clock)
