"""Region, endpoint, keys and options: which source wins, and what is reported as missing.

The files of `tccli` and the SDK, and roles, are in `tests/component/test_credentials.py`; with the real engine they are
in `tests/engine/test_settings.py`.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from pulumi_tione._config import settings as settings_module
from pulumi_tione._config.settings import DEFAULT_REGION, Endpoint, Settings, unknown_settings
from pulumi_tione._config.sources import NO_CREDENTIALS
from pulumi_tione.errors import SettingsError


def settings_of(config: dict[str, str] | None = None, environment: dict[str, str] | None = None) -> Settings:
    return Settings((config or {}).get, environment or {})


REGIONS: list[tuple[dict[str, str], dict[str, str], str]] = [
    ({}, {}, DEFAULT_REGION),
    ({}, {"TENCENTCLOUD_REGION": "ap-env"}, "ap-env"),
    ({"tencentcloud:region": "ap-official"}, {"TENCENTCLOUD_REGION": "ap-env"}, "ap-official"),
    ({"tione:region": "ap-ours", "tencentcloud:region": "ap-official"}, {"TENCENTCLOUD_REGION": "ap-env"}, "ap-ours"),
    ({"tione:region": "ap-ours"}, {}, "ap-ours"),
    ({"tione:region": " ap-ours\n"}, {}, "ap-ours"),
    ({"tione:region": "", "tencentcloud:region": "  "}, {"TENCENTCLOUD_REGION": "ap-env"}, "ap-env"),
    ({"tione:region": ""}, {"TENCENTCLOUD_REGION": ""}, DEFAULT_REGION),
]


@pytest.mark.parametrize(("config", "environment", "region"), REGIONS)
def test_the_first_source_that_names_a_region_wins(
    config: dict[str, str], environment: dict[str, str], region: str
) -> None:
    assert settings_of(config, environment).region == region


ENDPOINTS: list[tuple[dict[str, str], dict[str, str], str, bool]] = [
    ({}, {}, "https://tione.tencentcloudapi.com", False),
    ({"tione:endpoint": "http://127.0.0.1:9851"}, {}, "http://127.0.0.1:9851", True),
    ({"tione:endpoint": " http://127.0.0.1:9851/ "}, {}, "http://127.0.0.1:9851", True),
    ({"tione:endpoint": "http://localhost:9851"}, {}, "http://localhost:9851", True),
    ({"tione:endpoint": "http://[::1]:9851"}, {}, "http://[::1]:9851", True),
    ({"tione:endpoint": "http://127.8.8.8"}, {}, "http://127.8.8.8", True),
    ({"tione:endpoint": "HTTP://127.0.0.1:9851"}, {}, "http://127.0.0.1:9851", True),
    ({"tione:endpoint": "https://127.0.0.1:9851"}, {}, "https://127.0.0.1:9851", True),
    ({"tione:endpoint": "https://tione.intl.tencentcloudapi.com"}, {}, "https://tione.intl.tencentcloudapi.com", False),
    ({"tione:endpoint": "https://localhost.example.com"}, {}, "https://localhost.example.com", False),
    ({}, {"TIONE_ENDPOINT": "http://127.0.0.1:1"}, "http://127.0.0.1:1", True),
    ({"tione:endpoint": "http://127.0.0.1:2"}, {"TIONE_ENDPOINT": "http://127.0.0.1:1"}, "http://127.0.0.1:2", True),
    ({"tencentcloud:endpoint": "http://127.0.0.1:3"}, {}, "https://tione.tencentcloudapi.com", False),
    ({"tencentcloud:domain": "intl.tencentcloudapi.com"}, {}, "https://tione.intl.tencentcloudapi.com", False),
    ({"tione:domain": ".internal"}, {"TENCENTCLOUD_DOMAIN": "other"}, "https://tione.internal", False),
    (
        {},
        {"TENCENTCLOUD_DOMAIN": "ap-hongkong.tencentcloudapi.com"},
        "https://tione.ap-hongkong.tencentcloudapi.com",
        False,
    ),
    ({"tencentcloud:protocol": "HTTPS"}, {}, "https://tione.tencentcloudapi.com", False),
    (
        {"tione:endpoint": "http://gateway.internal:81", "tione:insecureHost": "gateway.internal"},
        {},
        "http://gateway.internal:81",
        False,
    ),
    (
        {"tione:domain": "internal", "tencentcloud:protocol": "HTTP"},
        {"TIONE_INSECURE_HOST": "tione.internal"},
        "http://tione.internal",
        False,
    ),
]


@pytest.mark.parametrize(("config", "environment", "address", "is_loopback"), ENDPOINTS)
def test_the_endpoint_is_the_configured_one_or_the_vendors(
    config: dict[str, str], environment: dict[str, str], address: str, is_loopback: bool
) -> None:
    endpoint = settings_of(config, environment).endpoint("tione")
    assert str(endpoint) == address
    assert endpoint.is_loopback == is_loopback


def test_a_configured_endpoint_answers_for_every_service_and_the_vendors_differ() -> None:
    services = ("tione", "tag", "sts")
    local = settings_of({"tione:endpoint": "http://127.0.0.1:9851"})
    assert {local.endpoint(service) for service in services} == {Endpoint("http", "127.0.0.1:9851")}
    assert {str(settings_of().endpoint(service)) for service in services} == {
        f"https://{service}.tencentcloudapi.com" for service in services
    }


@pytest.mark.parametrize("domain", ["intl.", "ap-singapore.", ""])
def test_the_vendors_own_address_of_one_service_leads_to_the_others(domain: str) -> None:
    settings = settings_of({"tione:endpoint": f"https://tione.{domain}tencentcloudapi.com"})
    assert [str(settings.endpoint(service)) for service in ("tione", "tag", "sts")] == [
        f"https://{service}.{domain}tencentcloudapi.com" for service in ("tione", "tag", "sts")
    ]


@pytest.mark.parametrize(
    "config",
    [
        {"tencentcloud:protocol": "HTTP"},
        {"tencentcloud:protocol": "HTTP", "tione:insecureHost": "sts.tencentcloudapi.com"},
        {"tione:endpoint": "http://10.0.0.1", "tione:insecureHost": "10.0.0.10"},
    ],
)
def test_nobody_but_a_host_that_is_named_is_spoken_to_in_the_clear(config: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="not encrypted") as error:
        settings_of(config).endpoint("tione")
    assert "tione:insecureHost" in str(error.value)


@pytest.mark.parametrize(
    ("config", "environment", "source"),
    [
        ({}, {}, "the default"),
        ({"tione:region": "ap-ours"}, {}, "tione:region"),
        ({"tencentcloud:region": "ap-official"}, {}, "tencentcloud:region"),
        ({}, {"TENCENTCLOUD_REGION": "ap-env"}, "environment variable TENCENTCLOUD_REGION"),
    ],
)
def test_a_region_has_its_source(config: dict[str, str], environment: dict[str, str], source: str) -> None:
    assert settings_of(config, environment).region_setting.source == source


@pytest.mark.parametrize(
    ("config", "environment", "source"),
    [
        ({}, {}, "the default"),
        ({"tione:endpoint": "https://example.com"}, {}, "tione:endpoint"),
        ({"tencentcloud:domain": "example.com"}, {}, "tencentcloud:domain"),
        (
            {"tencentcloud:protocol": "https"},
            {"TENCENTCLOUD_DOMAIN": "x.y"},
            "tencentcloud:protocol and environment variable TENCENTCLOUD_DOMAIN",
        ),
    ],
)
def test_an_endpoint_has_its_source(config: dict[str, str], environment: dict[str, str], source: str) -> None:
    assert settings_of(config, environment).endpoint_and_source("tione")[1] == source


def test_the_settings_of_a_task_are_made_once() -> None:
    settings = settings_of()
    assert settings.of(None) is settings.of({}) is settings
    own = {"profile": "research", "assumeRole": {"roleArn": "r", "sessionDuration": 900}}
    assert settings.of(own) is settings.of(dict(reversed(own.items())))
    assert settings.of(own) is not settings.of({"profile": "other"})


@pytest.mark.parametrize(
    "address",
    [
        "http://tione.tencentcloudapi.com",
        "http://10.0.0.1:9851",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "https://",
        "https://tione.tencentcloudapi.com/v1",
        "https://user:planted@tione.tencentcloudapi.com",  # pragma: allowlist secret
        "https://:planted@tione.tencentcloudapi.com",
        "http://[::1",
        "http://127.0.0.1:port",
        "tione.tencentcloudapi.com",
        "127.0.0.1:9851",
        "//127.0.0.1:9851",
    ],
)
def test_an_address_that_cannot_be_meant_is_an_error_of_one_line(address: str) -> None:
    with pytest.raises(SettingsError, match="tione:endpoint") as error:
        settings_of({"tione:endpoint": address}).endpoint("tione")
    assert "\n" not in str(error.value)
    assert "planted" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "labels_enabled"),
    [(None, True), ("", True), ("true", True), ("false", False), (" False\n", False), ("TRUE", True)],
)
def test_labels_are_on_unless_they_are_turned_off(value: str | None, labels_enabled: bool) -> None:
    assert settings_of({} if value is None else {"tione:labels": value}).labels == labels_enabled


@pytest.mark.parametrize("value", ["no", "0", "off", "yes"])
def test_an_option_that_is_neither_true_nor_false_is_an_error(value: str) -> None:
    with pytest.raises(SettingsError, match=f"tione:labels is '{value}'. Set it to true or false"):
        _ = settings_of({"tione:labels": value}).labels


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (None, {}),
        ("", {}),
        ("{}", {}),
        ('{"team": "nlp", "团队": ""}', {"team": "nlp", "团队": ""}),
        (
            '{"cost": 1234, "share": 0.50, "big": 12345678901234567890}',
            {"cost": "1234", "share": "0.50", "big": "12345678901234567890"},
        ),
        ('{"gpu": true}', {"gpu": "true"}),
    ],
)
def test_default_tags_are_a_map_of_texts(value: str | None, tags: dict[str, str]) -> None:
    assert settings_of({} if value is None else {"tione:defaultTags": value}).default_tags == tags


@pytest.mark.parametrize("value", ["team=nlp", "[]", '"nlp"', '{"team": {"a": "b"}}', "null", "{"])
def test_default_tags_of_another_form_are_an_error_that_shows_the_right_one(value: str) -> None:
    with pytest.raises(SettingsError, match="tione:defaultTags must be a map of texts"):
        _ = settings_of({"tione:defaultTags": value}).default_tags


def test_nothing_is_read_before_it_is_needed() -> None:
    def config(name: str) -> str | None:
        raise AssertionError(f"{name} was read")

    settings = Settings(config, {})
    with pytest.raises(AssertionError, match="tione:region was read"):
        _ = settings.region


def test_a_change_of_the_environment_is_seen() -> None:
    environment = {"TENCENTCLOUD_REGION": "ap-first"}
    settings = settings_of(environment=environment)
    assert settings.region == "ap-first"
    environment["TENCENTCLOUD_REGION"] = "ap-second"
    assert settings.region == "ap-second"


# What is known without the network.

KEYS = {"TENCENTCLOUD_SECRET_ID": "id", "TENCENTCLOUD_SECRET_KEY": "key"}


@pytest.fixture(autouse=True)
def no_machine_of_the_vendor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file that names the maker of the machine; it is not there."""
    file = tmp_path / "sys_vendor"
    monkeypatch.setattr(settings_module, "_VENDOR_OF_MACHINE", file)
    return file


VIOLATIONS: list[tuple[dict[str, str], dict[str, str], str]] = [
    ({}, {}, NO_CREDENTIALS),
    ({"tione:secretId": "id"}, {}, "tione:secretId is set, but tione:secretKey is not. Set both"),
    ({"tione:secretKey": "planted"}, KEYS, "tione:secretKey is set, but tione:secretId is not. Set both"),
    ({"tione:profile": "absent"}, {}, "tione:profile names the profile 'absent', but"),
    ({"tione:region": "guangzhou"}, KEYS, "tione:region is 'guangzhou', which is not the name of a region"),
    ({}, {**KEYS, "TENCENTCLOUD_REGION": "Guangzhou 3"}, "which is not the name of a region"),
    ({"tione:region": "ap-guangzhou-3"}, KEYS, "is a zone. Use its region 'ap-guangzhou'"),
    ({"tione:region": "ap_guangzhou"}, KEYS, "tione:region is 'ap_guangzhou'"),
    ({"tione:endpoint": "tione.tencentcloudapi.com"}, KEYS, "tione:endpoint is not an address"),
    ({"tione:endpoint": "http://10.0.0.1"}, KEYS, "tione:endpoint is http://10.0.0.1, which is not encrypted"),
    ({"tione:caBundle": "/absent.pem"}, KEYS, "tione:caBundle names /absent.pem, which does not exist"),
    ({"tione:language": "de"}, KEYS, "tione:language is 'de'. Set it to en-US or zh-CN"),
    ({"tione:assumeRole": '{"sessionName": "ci"}'}, KEYS, "tione:assumeRole.roleArn is not. Set both"),
]


@pytest.mark.parametrize(("config", "environment", "violation"), VIOLATIONS)
def test_what_is_wrong_with_the_settings_is_known_without_the_network(
    config: dict[str, str], environment: dict[str, str], violation: str, tmp_path: Path
) -> None:
    (found,) = settings_of(config, {"HOME": str(tmp_path), **environment}).violations()
    assert violation in found
    assert "planted" not in found


def test_all_that_is_wrong_is_reported_at_once(tmp_path: Path) -> None:
    config = {"tione:region": "nowhere", "tione:endpoint": "localhost", "tione:secretId": "id"}
    assert len(settings_of(config, {"HOME": str(tmp_path)}).violations()) == 3


@pytest.mark.parametrize(
    "region", ["ap-guangzhou", "ap-shanghai-fsi", "na-siliconvalley", "ap-xibei-ec", "me-saudi-arabia", None]
)
def test_complete_settings_have_no_violation(region: str | None, tmp_path: Path) -> None:
    assert settings_of({}, {"HOME": str(tmp_path), **KEYS}).violations(region) == []


def test_the_region_of_a_task_counts_instead_of_the_settings_one(tmp_path: Path) -> None:
    settings = settings_of({"tione:region": "nowhere"}, {"HOME": str(tmp_path), **KEYS})
    assert settings.violations("ap-guangzhou") == []
    assert settings.violations("Nanjing")[0].startswith("region is 'Nanjing'")


@pytest.mark.parametrize(
    ("config", "environment"),
    [
        ({"tione:camRoleName": "train"}, {}),
        ({"tione:metadataEndpoint": "http://127.0.0.1:1"}, {}),
        ({}, {"TKE_ROLE_ARN": "r", "TKE_PROVIDER_ID": "p", "TKE_WEB_IDENTITY_TOKEN_FILE": "/token"}),
    ],
)
def test_a_role_that_only_the_network_knows_is_no_violation(
    config: dict[str, str], environment: dict[str, str], tmp_path: Path
) -> None:
    assert settings_of(config, {"HOME": str(tmp_path), **environment}).violations() == []


def test_a_machine_of_tencent_cloud_may_have_a_role(no_machine_of_the_vendor: Path, tmp_path: Path) -> None:
    no_machine_of_the_vendor.write_text("Tencent Cloud\n", encoding="utf-8")
    assert settings_of({}, {"HOME": str(tmp_path)}).violations() == []
    no_machine_of_the_vendor.write_text("Dell Inc.\n", encoding="utf-8")
    assert settings_of({}, {"HOME": str(tmp_path)}).violations() == [NO_CREDENTIALS]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("tione:regoin", "Did you mean tione:region?"),
        ("tione:secret_id", "Did you mean tione:secretId?"),
        ("tione:SECRETKEY", "Did you mean tione:secretKey?"),
        ("tione:defaultTag", "Did you mean tione:defaultTags?"),
        ("tione:maxHourlyCosts", "Did you mean tione:maxHourlyCost?"),
        ("tione:estimateCosts", "Did you mean tione:estimateCost?"),
        ("tione:zzz", "Run `pulumi config rm tione:zzz`"),
    ],
)
def test_a_setting_that_does_not_exist_is_named_with_the_nearest(key: str, hint: str) -> None:
    (warning,) = unknown_settings(["tione:region", key, "tencentcloud:nothing", "myproject:regoin"])
    assert warning == f"{key} is not a setting of pulumi_tione and has no effect. {hint}"


def test_every_setting_is_known() -> None:
    names = [*settings_module._ENVIRONMENT_NAMES, *settings_module._ONLY_TIONE]
    assert unknown_settings(f"tione:{name.partition('.')[0]}" for name in names) == []


def test_an_unknown_part_of_a_setting_gets_a_warning_with_the_nearest_one() -> None:
    config = {
        "tione:assumeRole": '{"roleArm": "r", "xyz": 1, "sessionName": "s"}',
        "tione:assumeRoleWithWebIdentity": "no map",
        "tione:defaultTags": '{"roleArm": "r"}',
    }
    assert unknown_settings(config, config.get) == [
        "tione:assumeRole.roleArm is not a setting of pulumi_tione and has no effect. Did you mean "
        "tione:assumeRole.roleArn?",
        "tione:assumeRole.xyz is not a setting of pulumi_tione and has no effect. Run `pulumi config rm --path "
        "'tione:assumeRole.xyz'`",
    ]


@pytest.mark.parametrize("name", ["wait", "deletedNamesAreKept"])
def test_a_setting_that_is_neither_true_nor_false_is_a_violation_in_the_preview(name: str) -> None:
    settings = Settings({f"tione:{name}": "maybe"}.get, {**KEYS})
    assert settings.violations() == [f"tione:{name} is 'maybe'. Set it to true or false"]


@pytest.mark.parametrize(
    ("value", "language"), [(None, "en-US"), ("zh-CN", "zh-CN"), ("zh-cn", "zh-CN"), (" en-US ", "en-US")]
)
def test_the_language_of_messages_can_be_chosen(value: str | None, language: str) -> None:
    assert settings_of({"tione:language": value} if value else {}).language == language
    assert settings_of({}, {"TIONE_LANGUAGE": value} if value else {}).language == language


@pytest.mark.parametrize(
    ("name", "variable", "attribute"),
    [("estimateCost", "TIONE_ESTIMATE_COST", "estimates_cost"), ("validate", "TIONE_VALIDATE", "validates")],
)
def test_what_a_preview_asks_the_service_for_is_off_by_default(name: str, variable: str, attribute: str) -> None:
    assert getattr(settings_of(), attribute) is False
    assert getattr(settings_of({f"tione:{name}": "true"}), attribute) is True
    assert getattr(settings_of({}, {variable: " True "}), attribute) is True
    assert getattr(settings_of({f"tencentcloud:{name}": "true"}), attribute) is False
    assert settings_of({f"tione:{name}": "perhaps"}, KEYS).violations()[0].startswith(f"tione:{name} is 'perhaps'")


@pytest.mark.parametrize(
    ("name", "variable", "attribute"),
    [
        ("maxHourlyCost", "TIONE_MAX_HOURLY_COST", "max_hourly_cost"),
        ("maxStackHourlyCost", "TIONE_MAX_STACK_HOURLY_COST", "max_stack_hourly_cost"),
    ],
)
def test_a_limit_of_cost_is_an_exact_amount_with_its_source(name: str, variable: str, attribute: str) -> None:
    assert getattr(settings_of(), attribute) is None
    assert getattr(settings_of({f"tione:{name}": "49.90"}), attribute) == (Decimal("49.90"), f"tione:{name}")
    source = f"environment variable {variable}"
    assert getattr(settings_of({}, {variable: "50"}), attribute) == (Decimal(50), source)
    assert getattr(settings_of({f"tione:{name}": "0"}), attribute).amount == 0
    for value in ("¥50", "50 CNY", "-1", "1e3", "NaN", "Infinity", "1,000", "50.", ".5", "५०", "1" * 16):
        (violation,) = settings_of({f"tione:{name}": value}, KEYS).violations()
        assert violation == (
            f"tione:{name} is {value!r}. Set it to an amount an hour without a currency, such as 49.90"
        )


@pytest.mark.parametrize("value", ["TI.A, TI.GN7.*", '["TI.A", " TI.GN7.* "]', " TI.A,TI.GN7.* "])
def test_allowed_instance_types_are_a_list_or_a_text_with_commas(value: str) -> None:
    assert settings_of().allowed_instance_types is None
    expected = ("TI.A", "TI.GN7.*"), "tione:allowedInstanceTypes"
    assert settings_of({"tione:allowedInstanceTypes": value}).allowed_instance_types == expected
    found = settings_of({}, {"TIONE_ALLOWED_INSTANCE_TYPES": value}).allowed_instance_types
    assert found == (expected[0], "environment variable TIONE_ALLOWED_INSTANCE_TYPES")


@pytest.mark.parametrize("value", ["[]", "[1]", '["TI.A", ""]', "[TI.A", '{"TI.A": true}', '"TI.A"', "TI.A,,TI.B", ","])
def test_allowed_instance_types_of_another_form_are_a_violation(value: str) -> None:
    (violation,) = settings_of({"tione:allowedInstanceTypes": value}, KEYS).violations()
    assert violation.startswith("tione:allowedInstanceTypes must be a list of instance types, such as TI.S.MEDIUM.POST")


def test_an_unknown_price_warns_or_refuses() -> None:
    assert settings_of().refuses_unknown_prices is False
    assert settings_of({"tione:unknownPrice": "warn"}).refuses_unknown_prices is False
    assert settings_of({"tione:unknownPrice": "Refuse"}).refuses_unknown_prices is True
    assert settings_of({}, {"TIONE_UNKNOWN_PRICE": "refuse"}).refuses_unknown_prices is True
    (violation,) = settings_of({"tione:unknownPrice": "fail"}, KEYS).violations()
    assert violation == "tione:unknownPrice is 'fail'. Set it to warn or refuse"


@pytest.mark.parametrize(
    ("config", "needs_prices"),
    [
        ({}, False),
        ({"tione:allowedInstanceTypes": "TI.A", "tione:validate": "true"}, False),
        ({"tione:estimateCost": "true"}, True),
        ({"tione:maxHourlyCost": "0"}, True),
        ({"tione:maxStackHourlyCost": "5"}, True),
    ],
)
def test_prices_are_needed_to_show_or_to_limit_them(config: dict[str, str], needs_prices: bool) -> None:
    assert settings_of(config).needs_prices is needs_prices
