"""Settings of every command: environment variables with the prefix `LANDCYCLE_`, secrets also as `…_FILE`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.event import SHANGHAI

_PREFIX: Final = "LANDCYCLE_"
SECRETS: Final = ("key_pepper", "body_hash_key", "cursor_key")
"""Without them keys could be tried off-line, bodies guessed and cursors forged."""


_NO_SETTINGS: Final = (f"{_PREFIX}FAILPOINTS", f"{_PREFIX}URL")
"""What the kill tests and the examples read beside the settings."""


class UnsafeSettings(ValueError):  # noqa: N818 - an answer, not a fault
    """Settings with which production must not start; the message says what to set."""


class Settings(BaseSettings):
    """What the system is told from outside. `landcycle config show` prints it, secrets hidden."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore", frozen=True)

    environment: Literal["development", "production"] = Field(
        "development", description="production refuses a fixed business date"
    )
    today: date | None = Field(None, description="fixed business date for demonstration and conformance runs")
    data_dir: Path = Field(Path(".landcycle"), description="embedded servers, keys, signed heads")

    database_url: str = Field("", description="PostgreSQL; empty: the embedded one in the data directory")

    kafka_bootstrap_servers: str = Field("", description="Apache Kafka; empty: the embedded one in the data directory")
    kafka_topic_prefix: str = Field("", description="before every topic name")
    kafka_partitions: int = Field(6, ge=1, le=1000, description="of topics that the relay creates")
    kafka_security_protocol: str = Field("PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL")
    kafka_ssl_cafile: Path | None = Field(None, description="certificate authority of the brokers")
    kafka_ssl_certfile: Path | None = Field(None, description="own certificate")
    kafka_ssl_keyfile: Path | None = Field(None, description="key of the own certificate")
    kafka_sasl_mechanism: str | None = Field(None, description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
    kafka_sasl_username: str | None = Field(None, description="SASL user")
    kafka_sasl_password: SecretStr | None = Field(None, description="SASL password")

    key_pepper: SecretStr = Field(SecretStr(""), description="hashes API keys")
    body_hash_key: SecretStr = Field(SecretStr(""), description="hashes request bodies")
    cursor_key: SecretStr = Field(SecretStr(""), description="seals the cursors of lists")
    head_signing_key: SecretStr = Field(SecretStr(""), description="Ed25519 seed, base64: signs the heads of the log")
    head_interval_seconds: float = Field(
        5.0, gt=0, description="a head is signed at least this often while events arrive"
    )

    oidc_issuer: str | None = Field(None, description="issuer of OIDC access tokens")
    oidc_audience: str | None = Field(None, description="audience of OIDC access tokens")
    oidc_jwks_url: str | None = Field(None, description="public keys of the issuer")

    max_body_bytes: int = Field(
        262_144, ge=1024, le=1_048_576, description="largest body of one event; larger ones are refused (413)"
    )
    worker_processes: int = Field(
        0, ge=0, le=64, description="processes of a worker that re-evaluate what day or rules overtook; 0: one per core"
    )
    lag_limit_seconds: float = Field(10.0, gt=0, description="readiness turns red above this lag of the read models")

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        """`LANDCYCLE_KEY_PEPPER_FILE=/run/secrets/pepper` stands for the content of that file."""
        for name in cls.model_fields:
            path = os.environ.get(f"{_PREFIX}{name.upper()}_FILE")
            if path and name not in values:
                try:
                    values[name] = Path(path).read_text(encoding="utf-8").strip()
                except OSError as error:
                    raise ValueError(f"{_PREFIX}{name.upper()}_FILE所指的{path}不能读取（{error.strerror}）") from None
        return values

    @model_validator(mode="after")
    def _production_has_no_fixed_date(self) -> Self:
        if self.environment == "production" and self.today is not None:
            raise ValueError("LANDCYCLE_TODAY不得与LANDCYCLE_ENVIRONMENT=production同时设置")
        return self


_IN_WORDS: Final = {
    "int_parsing": "应为整数",
    "float_parsing": "应为数字",
    "date_from_datetime_parsing": "应为YYYY-MM-DD的日期",
    "literal_error": "应为{expected}之一",
    "greater_than": "应大于{gt}",
    "greater_than_equal": "应不小于{ge}",
    "less_than_equal": "应不大于{le}",
}


def faults(error: ValidationError) -> str:
    """What is wrong with the settings, in one line that names each variable; no value is shown, it may be a secret."""
    return "；".join(_fault(one) for one in error.errors())


def _fault(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    if "expected" in context:
        context["expected"] = context["expected"].replace(" or ", "、").replace("'", "")
    name = f"{_PREFIX}{str(error['loc'][0]).upper()}"
    return name + _IN_WORDS.get(error["type"], "不合格式：" + error["msg"]).format(**context)


def unknown_names(environment: Iterable[str]) -> list[str]:
    """Variables that look like settings and are none: a slip of the pen would else be passed over in silence."""
    fields = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    known = {*fields, *(f"{name}_FILE" for name in fields), *_NO_SETTINGS}
    return sorted(name for name in environment if name.startswith(_PREFIX) and name not in known)


def require_secrets(settings: Settings) -> None:
    """Raises UnsafeSettings where production lacks a secret."""
    missing = [f"{_PREFIX}{name.upper()}" for name in SECRETS if not getattr(settings, name).get_secret_value()]
    if missing and settings.environment == "production":
        raise UnsafeSettings(f"生产环境须设置{'、'.join(missing)} (SECRETS_MISSING)")


def business_date(settings: Settings) -> int:
    """Today as a day number: the civil date in Asia/Shanghai, or the fixed business date (contract 6)."""
    today = settings.today or datetime.now(SHANGHAI).date()
    return today.toordinal()
