"""Sets the chart's own InfluxDB up: organisation, bucket, and one token per purpose.

Runs as a Job and is idempotent: what is there stays, a token that works is kept. Consumers may only
write and Grafana may only read, each in the one bucket; the administrator's token leaves no pod but
this one. InfluxDB 2.9 stores tokens hashed, so the Secret is the only place that has them.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.authorization import Authorization
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.onboarding_request import OnboardingRequest
from influxdb_client.domain.permission import Permission
from influxdb_client.domain.permission_resource import PermissionResource
from influxdb_client.rest import ApiException
from influxdb_client.service.setup_service import SetupService
from influxdb_client.service.write_service import WriteService
from urllib3.exceptions import HTTPError

from videostream_controller.kube import ApiError, Kube
from videostream_pipeline.duration import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)
_GIVE_UP_AFTER_S: Final = 240.0
_PAUSE_S: Final = 2.0
_TIMEOUT_MS: Final = 10_000
_NOT_ALLOWED: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
)
_PURPOSES: Final[Mapping[str, Literal["read", "write"]]] = {"consumer": "write", "grafana": "read"}


class SetupFailed(Exception):
    """InfluxDB cannot be set up as asked; trying again does not help."""


@dataclass(frozen=True, slots=True)
class BootstrapSettings:
    """What the chart says. `retention_s` 0 keeps points for ever."""

    namespace: str
    url: str
    org: str
    bucket: str
    retention_s: int
    user: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str


def main(env: Mapping[str, str]) -> int:
    """Set InfluxDB up; gives the exit code."""
    try:
        settings = read_settings(env)
        return asyncio.run(_bootstrap(settings))
    except (SetupFailed, ApiError) as error:
        _log.error("InfluxDB is not set up: %s", error)
        return 1


def read_settings(env: Mapping[str, str]) -> BootstrapSettings:
    """Return the settings of an environment; raises SetupFailed naming everything wrong."""
    names = (
        *("POD_NAMESPACE", "INFLUX_URL", "INFLUX_ORG", "INFLUX_BUCKET", "INFLUX_ADMIN_USER"),
        *("INFLUX_ADMIN_PASSWORD", "INFLUX_ADMIN_TOKEN", "TOKEN_SECRET"),
    )
    wrong = [f"{name} is not set" for name in names if not env.get(name)]
    retention = env.get("INFLUX_RETENTION", "0s")
    try:
        retention_s = round(parse_duration(retention))
    except ValueError as error:
        wrong.append(f"INFLUX_RETENTION: {error}")
    if wrong:
        raise SetupFailed("; ".join(wrong))
    return BootstrapSettings(
        namespace=env["POD_NAMESPACE"],
        url=env["INFLUX_URL"],
        org=env["INFLUX_ORG"],
        bucket=env["INFLUX_BUCKET"],
        retention_s=retention_s,
        user=env["INFLUX_ADMIN_USER"],
        password=env["INFLUX_ADMIN_PASSWORD"],
        token=env["INFLUX_ADMIN_TOKEN"],
        token_secret=env["TOKEN_SECRET"],
    )


async def _bootstrap(settings: BootstrapSettings) -> int:
    kube = await Kube.connect()
    try:
        secret = await kube.get_secret(settings.namespace, settings.token_secret)
        if secret is None:
            raise SetupFailed(f"Secret {settings.token_secret} does not exist")
        held = {
            name: base64.b64decode(value).decode()
            for name, value in (secret.get("data") or {}).items()
        }
        made = await asyncio.to_thread(set_up, settings, held)
        if made:
            data = {name: base64.b64encode(token.encode()).decode() for name, token in made.items()}
            await kube.patch_secret(settings.namespace, settings.token_secret, data)
    finally:
        await kube.close()
    _log.info("InfluxDB is set up; new tokens: %s", ", ".join(sorted(made)) or "none needed")
    return 0


def set_up(settings: BootstrapSettings, held: Mapping[str, str]) -> dict[str, str]:
    """Bring InfluxDB to the settings; gives the tokens by purpose that had to be made.

    Waits for a server that starts, a few minutes at most. Raises SetupFailed.
    """
    deadline = time.monotonic() + _GIVE_UP_AFTER_S
    while True:
        try:
            return _set_up_once(settings, held)
        except ApiException as error:
            if error.status and error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise SetupFailed(f"InfluxDB answered {error.status}: {error.message}") from error
            reason = f"InfluxDB answered {error.status}"
        except (HTTPError, OSError) as error:
            reason = f"{settings.url}: {type(error).__name__}"
        if time.monotonic() > deadline:
            raise SetupFailed(f"{reason}, for {_GIVE_UP_AFTER_S:.0f} s")
        _log.info("waiting for InfluxDB: %s", reason)
        time.sleep(_PAUSE_S)


def _set_up_once(settings: BootstrapSettings, held: Mapping[str, str]) -> dict[str, str]:
    with _client(settings, settings.token) as client:
        _onboard(client, settings)
        org_id = _org_id(client, settings)
        bucket_id = _ensure_bucket(client, settings, org_id)
        return {
            purpose: _make_token(client, purpose, action, org_id=org_id, bucket_id=bucket_id)
            for purpose, action in _PURPOSES.items()
            if not _works(settings, held.get(purpose), action)
        }


def _client(settings: BootstrapSettings, token: str) -> Any:
    return InfluxDBClient(url=settings.url, token=token, org=settings.org, timeout=_TIMEOUT_MS)


def _onboard(client: Any, settings: BootstrapSettings) -> None:
    """Set a fresh server up with our own administrator token; nothing on one that has been."""
    setup: Any = SetupService(client.api_client)  # type: ignore[no-untyped-call]
    if not setup.get_setup().allowed:
        return
    setup.post_setup(
        OnboardingRequest(
            username=settings.user,
            password=settings.password,
            org=settings.org,
            bucket=settings.bucket,
            retention_period_seconds=settings.retention_s,
            token=settings.token,
        )  # type: ignore[no-untyped-call]
    )
    _log.info("onboarded: org %s, bucket %s", settings.org, settings.bucket)


def _org_id(client: Any, settings: BootstrapSettings) -> str:
    organizations = client.organizations_api()
    found = [one for one in organizations.find_organizations() if one.name == settings.org]
    org = found[0] if found else organizations.create_organization(name=settings.org)
    return str(org.id)


def _ensure_bucket(client: Any, settings: BootstrapSettings, org_id: str) -> str:
    buckets = client.buckets_api()
    rules = BucketRetentionRules(type="expire", every_seconds=settings.retention_s)  # type: ignore[no-untyped-call]
    bucket = _find_bucket(buckets, settings.bucket, org_id)
    if bucket is None:
        bucket = buckets.create_bucket(
            bucket_name=settings.bucket, org_id=org_id, retention_rules=rules
        )
        return str(bucket.id)
    if _retention_s(bucket) != settings.retention_s:
        bucket.retention_rules = [rules]
        buckets.update_bucket(bucket)
        _log.info("bucket %s: retention is now %d s", settings.bucket, settings.retention_s)
    return str(bucket.id)


def _find_bucket(buckets: Any, name: str, org_id: str) -> Any:
    try:
        found = buckets.find_buckets(name=name, org_id=org_id).buckets
    except ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:  # InfluxDB's way to say that there is none
            return None
        raise
    return found[0] if found else None


def _retention_s(bucket: Any) -> int:
    return sum(int(rule.every_seconds) for rule in bucket.retention_rules or [])


def _make_token(
    client: Any,
    purpose: str,
    action: Literal["read", "write"],
    *,
    org_id: str,
    bucket_id: str,
) -> str:
    """Make a token for one bucket and one action, replacing older ones of the purpose."""
    authorizations = client.authorizations_api()
    description = f"videostream {purpose}"
    for old in authorizations.find_authorizations(org_id=org_id):
        if old.description == description:
            authorizations.delete_authorization(old.id)
    resource = PermissionResource(type="buckets", id=bucket_id, org_id=org_id)  # type: ignore[no-untyped-call]
    permission = Permission(action=action, resource=resource)  # type: ignore[no-untyped-call]
    wanted = Authorization(org_id=org_id, description=description, permissions=[permission])  # type: ignore[no-untyped-call]
    return str(authorizations.create_authorization(authorization=wanted).token)


def _works(settings: BootstrapSettings, token: str | None, action: str) -> bool:
    """Tell whether a token that we hold does what it is for."""
    if not token:
        return False
    with _client(settings, token) as client:
        try:
            if action == "read":
                return bool(client.buckets_api().find_buckets(name=settings.bucket).buckets)
            writing: Any = WriteService(client.api_client)  # type: ignore[no-untyped-call]
            writing.post_write(org=settings.org, bucket=settings.bucket, body=b"")
        except ApiException as error:
            # A body without points is malformed, but only for one who may write.
            if error.status == HTTPStatus.BAD_REQUEST:
                return True
            if error.status in _NOT_ALLOWED:
                return False
            raise
    return True
