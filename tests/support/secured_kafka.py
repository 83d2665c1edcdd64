"""A broker that talks TLS, lets in only whom it knows, and allows only what an ACL names.

The product's user may do just what the KafkaUser in charts/presets/strimzi.yaml says.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import trustme
import yaml
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tests.support.kafka import Broker, run_broker

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["SASL_SSL", "SSL"]

_USER: Final = "videostream"
_ADMIN: Final = "admin"
_ADMIN_PASSWORD: Final = "admin-s3cret"
_PRESET: Final = Path(__file__).parents[2] / "charts" / "presets" / "strimzi.yaml"
_DOCUMENT: Final = re.compile(r"^#   ---\n((?:#   .*\n)+)", re.MULTILINE)
_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")
_ANSWER_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class SecuredKafka:
    """The broker with its admin's rights, and who vouches for the certificates of both sides."""

    kind: Kind
    admin: Broker
    authority: trustme.CA

    def user(self, *, password: str = "s3cret-1", valid_s: float | None = None) -> Broker:
        """Return the broker as the product's user has it, who may do what the preset allows.

        The password becomes the user's only one; a certificate may end after `valid_s`.
        """
        files = {"security.protocol": self.kind, "ca.crt": _text(self.authority.cert_pem)}
        if self.kind == "SASL_SSL":
            self._set_password(password)
            files |= {
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": _USER,
                "sasl.password": password,
            }
        else:
            files |= _pair(self.authority, _USER, valid_s=valid_s)
        return replace(self.admin, files=files)

    def _set_password(self, password: str) -> None:
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        change = UserScramCredentialUpsertion(_USER, info, password.encode())
        admin = self.admin.admin()
        admin.alter_user_scram_credentials([change])[_USER].result(_ANSWER_S)


@contextmanager
def run_secured(kind: Kind, directory: Path) -> Iterator[SecuredKafka]:
    """Run such a broker for a `with` block; `directory` is for the admin's files."""
    authority = trustme.CA()
    (directory / "ca.crt").write_bytes(authority.cert_pem.bytes())
    properties = {"security.protocol": kind, "ssl.ca.location": str(directory / "ca.crt")}
    server = _pair(authority, "127.0.0.1")
    env = {
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": f"CLIENT:{kind},CONTROLLER:PLAINTEXT",
        "KAFKA_AUTHORIZER_CLASS_NAME": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # The broker is anonymous to its own controller, and itself one of its clients.
        "KAFKA_SUPER_USERS": f"User:{_ADMIN};User:ANONYMOUS;User:127.0.0.1",
        "KAFKA_SSL_KEYSTORE_TYPE": "PEM",
        "KAFKA_SSL_KEYSTORE_KEY": _one_line(server["user.key"]),
        "KAFKA_SSL_KEYSTORE_CERTIFICATE_CHAIN": _one_line(server["user.crt"]),
        "KAFKA_SSL_TRUSTSTORE_TYPE": "PEM",
        "KAFKA_SSL_TRUSTSTORE_CERTIFICATES": _one_line(_text(authority.cert_pem)),
    }
    if kind == "SASL_SSL":
        properties |= {
            "sasl.mechanism": "PLAIN",
            "sasl.username": _ADMIN,
            "sasl.password": _ADMIN_PASSWORD,
        }
        env |= _sasl()
    else:
        for name, text in _pair(authority, _ADMIN).items():
            (directory / name).write_text(text)
        properties |= {
            "ssl.certificate.location": str(directory / "user.crt"),
            "ssl.key.location": str(directory / "user.key"),
        }
        env |= {
            "KAFKA_SSL_CLIENT_AUTH": "required",
            "KAFKA_SSL_PRINCIPAL_MAPPING_RULES": "RULE:^CN=([^,]+).*$/$1/",
        }
    name = f"kafka-{kind.lower().replace('_', '-')}"
    with run_broker(name, env, properties=properties) as admin:
        _allow(admin)
        yield SecuredKafka(kind, admin, authority)


def _sasl() -> dict[str, str]:
    login = "org.apache.kafka.common.security"
    known = f'username="{_ADMIN}" password="{_ADMIN_PASSWORD}" user_{_ADMIN}="{_ADMIN_PASSWORD}"'
    listener = "KAFKA_LISTENER_NAME_CLIENT"
    return {
        "KAFKA_SASL_ENABLED_MECHANISMS": "PLAIN,SCRAM-SHA-512",
        "KAFKA_SASL_MECHANISM_INTER_BROKER_PROTOCOL": "PLAIN",
        f"{listener}_PLAIN_SASL_JAAS_CONFIG": f"{login}.plain.PlainLoginModule required {known};",
        f"{listener}_SCRAM___SHA___512_SASL_JAAS_CONFIG": (
            f"{login}.scram.ScramLoginModule required;"
        ),
    }


def _allow(broker: Broker) -> None:
    """Let the product's user do what the preset says."""
    admin = broker.admin()
    for done in admin.create_acls(_bindings()).values():
        done.result(_ANSWER_S)


def _bindings() -> list[AclBinding]:
    """Return the ACLs of the preset's KafkaUser."""
    found = _DOCUMENT.search(_PRESET.read_text())
    assert found is not None, f"{_PRESET} has no KafkaUser"
    user = yaml.safe_load(found[1].replace("#   ", ""))
    assert user["kind"] == "KafkaUser"
    return [
        _binding(acl["resource"], operation)
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
    ]


def _binding(resource: dict[str, Any], operation: str) -> AclBinding:
    assert resource["patternType"] == "prefix"
    return AclBinding(
        ResourceType[resource["type"].upper()],
        resource["name"],
        ResourcePatternType.PREFIXED,
        f"User:{_USER}",
        "*",
        AclOperation[_WORD.sub("_", operation).upper()],
        AclPermissionType.ALLOW,
    )


def _pair(authority: trustme.CA, name: str, *, valid_s: float | None = None) -> dict[str, str]:
    """Issue a certificate; gives it and its key as files of a connection."""
    end = None if valid_s is None else datetime.now(UTC) + timedelta(seconds=valid_s)
    issued = authority.issue_cert("127.0.0.1", common_name=name, not_after=end)
    key = load_pem_private_key(issued.private_key_pem.bytes(), password=None)
    # The one form that the broker reads.
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = "".join(_text(blob) for blob in issued.cert_chain_pems)
    return {"user.crt": chain, "user.key": pem.decode()}


def _text(blob: trustme.Blob) -> str:
    return blob.bytes().decode()


def _one_line(pem: str) -> str:
    """Return the text as a line of a properties file."""
    return pem.replace("\n", "\\n")
