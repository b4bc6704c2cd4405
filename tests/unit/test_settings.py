"""Region, endpoint, keys and options: which source wins, and what is said of what is missing."""

from __future__ import annotations

import pytest

from pulumi_tione._settings import DEFAULT_REGION, Credentials, Endpoint, Settings
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


OURS = {"tione:secretId": "id-ours", "tione:secretKey": "key-ours"}
OFFICIAL = {"tencentcloud:secretId": "id-official", "tencentcloud:secretKey": "key-official"}
ENVIRONMENT = {"TENCENTCLOUD_SECRET_ID": "id-env", "TENCENTCLOUD_SECRET_KEY": "key-env"}
KEYS: list[tuple[str, dict[str, str], dict[str, str], tuple[str, str, str | None]]] = [
    ("ours alone", OURS, {}, ("id-ours", "key-ours", None)),
    ("official alone", OFFICIAL, {}, ("id-official", "key-official", None)),
    ("environment alone", {}, ENVIRONMENT, ("id-env", "key-env", None)),
    ("ours before all", {**OURS, **OFFICIAL}, ENVIRONMENT, ("id-ours", "key-ours", None)),
    ("official before environment", OFFICIAL, ENVIRONMENT, ("id-official", "key-official", None)),
    ("token of ours", {**OURS, "tione:securityToken": "t"}, ENVIRONMENT, ("id-ours", "key-ours", "t")),
    (
        "token of the environment",
        {},
        {**ENVIRONMENT, "TENCENTCLOUD_SECURITY_TOKEN": "t"},
        ("id-env", "key-env", "t"),
    ),
    (
        "no token from elsewhere",
        OURS,
        {**ENVIRONMENT, "TENCENTCLOUD_SECURITY_TOKEN": "t"},
        ("id-ours", "key-ours", None),
    ),
    ("no token without its keys", {"tione:securityToken": "t"}, ENVIRONMENT, ("id-env", "key-env", None)),
    ("empty is not set", {"tione:secretId": "", "tione:secretKey": " "}, ENVIRONMENT, ("id-env", "key-env", None)),
    (
        "outer blanks do not count",
        {"tione:secretId": " id\t", "tione:secretKey": "key\n", "tione:securityToken": " t \r\n"},
        {},
        ("id", "key", "t"),
    ),
    ("inner blanks do", {"tione:secretId": "i d", "tione:secretKey": "k y"}, {}, ("i d", "k y", None)),
]


@pytest.mark.parametrize(("config", "environment", "keys"), [row[1:] for row in KEYS], ids=[row[0] for row in KEYS])
def test_id_key_and_token_come_from_one_source(
    config: dict[str, str], environment: dict[str, str], keys: tuple[str, str, str | None]
) -> None:
    assert settings_of(config, environment).credentials == Credentials(*keys)


@pytest.mark.parametrize(
    ("config", "environment", "present", "missing"),
    [
        ({"tione:secretId": "AKIDplanted"}, ENVIRONMENT, "tione:secretId", "tione:secretKey"),
        ({"tione:secretKey": "planted"}, ENVIRONMENT, "tione:secretKey", "tione:secretId"),
        ({"tencentcloud:secretId": "planted"}, ENVIRONMENT, "tencentcloud:secretId", "tencentcloud:secretKey"),
        ({}, {"TENCENTCLOUD_SECRET_ID": "planted"}, "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"),
        ({}, {"TENCENTCLOUD_SECRET_KEY": "planted"}, "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_SECRET_ID"),
        ({"tione:secretId": "planted", "tione:secretKey": "  "}, ENVIRONMENT, "tione:secretId", "tione:secretKey"),
    ],
)
def test_half_a_pair_is_an_error_that_names_the_other_half_and_never_a_mixture(
    config: dict[str, str], environment: dict[str, str], present: str, missing: str
) -> None:
    with pytest.raises(SettingsError) as error:
        _ = settings_of(config, environment).credentials
    text = str(error.value)
    assert f"{present} is set" in text
    assert f"{missing} is not" in text
    assert "planted" not in text


def test_no_keys_at_all_is_an_error_that_says_where_to_put_them() -> None:
    with pytest.raises(SettingsError) as error:
        _ = settings_of().credentials
    text = str(error.value)
    assert "\n" not in text
    for name in ("tione:secretId", "tione:secretKey", "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"):
        assert name in text


def test_keys_show_in_no_text() -> None:
    keys = Credentials("planted-id", "planted-key", "planted-token")
    assert "planted" not in f"{keys} {keys!r} {vars(settings_of(OURS))}"


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
    ({"tione:endpoint": "tione.intl.tencentcloudapi.com"}, {}, "https://tione.intl.tencentcloudapi.com", False),
    ({"tione:endpoint": "https://localhost.example.com"}, {}, "https://localhost.example.com", False),
    ({}, {"TIONE_ENDPOINT": "http://127.0.0.1:1"}, "http://127.0.0.1:1", True),
    ({"tione:endpoint": "http://127.0.0.1:2"}, {"TIONE_ENDPOINT": "http://127.0.0.1:1"}, "http://127.0.0.1:2", True),
    ({"tencentcloud:endpoint": "http://127.0.0.1:3"}, {}, "https://tione.tencentcloudapi.com", False),
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


@pytest.mark.parametrize(
    "address",
    [
        "http://tione.tencentcloudapi.com",
        "http://10.0.0.1:9851",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "https://",
        "https://tione.tencentcloudapi.com/v1",
        "https://user:planted@tione.tencentcloudapi.com",
        "https://:planted@tione.tencentcloudapi.com",
        "http://[::1",
        "http://127.0.0.1:port",
    ],
)
def test_an_address_that_cannot_be_meant_is_an_error_of_one_line(address: str) -> None:
    with pytest.raises(SettingsError, match="tione:endpoint") as error:
        settings_of({"tione:endpoint": address}).endpoint("tione")
    assert "\n" not in str(error.value)
    assert "planted" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "labelled"),
    [(None, True), ("", True), ("true", True), ("false", False), (" False\n", False), ("TRUE", True)],
)
def test_labels_are_on_unless_they_are_turned_off(value: str | None, labelled: bool) -> None:
    assert settings_of({} if value is None else {"tione:labels": value}).labels == labelled


@pytest.mark.parametrize("value", ["no", "0", "off", "yes"])
def test_an_option_that_is_neither_true_nor_false_is_an_error(value: str) -> None:
    with pytest.raises(SettingsError, match=f"tione:labels must be true or false, got '{value}'"):
        _ = settings_of({"tione:labels": value}).labels


@pytest.mark.parametrize(
    ("value", "tags"),
    [(None, {}), ("", {}), ("{}", {}), ('{"team": "nlp", "团队": ""}', {"team": "nlp", "团队": ""})],
)
def test_default_tags_are_a_map_of_texts(value: str | None, tags: dict[str, str]) -> None:
    assert settings_of({} if value is None else {"tione:defaultTags": value}).default_tags == tags


@pytest.mark.parametrize("value", ["team=nlp", "[]", '"nlp"', '{"team": 1}', '{"team": {"a": "b"}}', "null", "{"])
def test_default_tags_of_another_form_are_an_error_that_shows_the_right_one(value: str) -> None:
    with pytest.raises(SettingsError, match="tione:defaultTags must be a map of texts: `pulumi config set --path"):
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
