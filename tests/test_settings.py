import pytest

from app.settings import Settings, SettingsError


def wrong(environ):
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    return str(caught.value)


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_env({}) == Settings()


def test_an_empty_variable_counts_as_unset():
    assert Settings.from_env({"PORT": "", "REDIS_PASSWORD": ""}) == Settings()


def test_a_redis_address_is_put_together_from_its_parts():
    parts = {"REDIS_HOST": "db", "REDIS_PORT": "1234", "REDIS_DB": "2"}
    settings = Settings.from_env({**parts, "REDIS_PASSWORD": "p@/s"})
    assert settings.redis_url == "redis://db:1234/2"
    assert settings.redis_password == "p@/s"


def test_an_ipv6_host_is_bracketed():
    assert Settings.from_env({"REDIS_HOST": "::1"}).redis_url == "redis://[::1]:6379/0"


def test_a_url_wins_over_host_and_port():
    environ = {"REDIS_URL": "rediss://db:1/3", "REDIS_HOST": "other", "REDIS_PORT": "x"}
    assert Settings.from_env(environ).redis_url == "rediss://db:1/3"


def test_the_port_that_kubernetes_injects_is_ignored():
    environ = {"REDIS_HOST": "redis", "REDIS_PORT": "tcp://10.0.0.1:6379"}
    assert Settings.from_env(environ).redis_url == "redis://redis:6379/0"


def test_a_password_file_is_read_without_its_newline(tmp_path):
    file = tmp_path / "password"
    file.write_text("secret\n")
    environ = {"REDIS_PASSWORD_FILE": str(file)}
    assert Settings.from_env(environ).redis_password == "secret"


def test_every_wrong_variable_is_named_with_its_value_at_once():
    environ = {
        "PORT": "http",
        "WORKERS": "0",
        "REDIS_PORT": "70000",
        "REDIS_TIMEOUT": "nan",
        "LOG_LEVEL": "loud",
        "MAX_KEY_BYTES": "-1",
        "REDIS_PASSWORD_FILE": "/no/such/file",
    }
    message = wrong(environ)
    for name, value in environ.items():
        assert f"{name}={value!r}" in message


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret@db",
        "redis://user:secret@db:port",
        "redis://:secret@db?socket_timeout=soon",
        "nonsense://db?password=secret",
        "redis://user:secret/part@db",
        "redis://:secret#part@db",
        "redis://:part@secret@db:bad/0",
        "user:secret@db:6379",
        "redis:/:secret@db",
    ],
)
def test_a_wrong_url_is_named_without_its_password(url):
    message = wrong({"REDIS_URL": url})
    assert "REDIS_URL=" in message
    assert "secret" not in message


def test_two_passwords_are_an_error():
    message = wrong({"REDIS_URL": "redis://:eins@db", "REDIS_PASSWORD": "zwei"})
    assert "REDIS_PASSWORD" in message
    assert "eins" not in message
    assert "zwei" not in message


def test_a_password_beside_a_password_file_is_an_error(tmp_path):
    file = tmp_path / "password"
    file.write_text("secret")
    message = wrong({"REDIS_PASSWORD": "two", "REDIS_PASSWORD_FILE": str(file)})
    assert "REDIS_PASSWORD_FILE" in message


def test_secrets_do_not_show_in_the_settings_repr():
    environ = {"REDIS_URL": "redis://user:secret@db"}
    assert "secret" not in repr(Settings.from_env(environ))
    assert "hidden" not in repr(Settings.from_env({"REDIS_PASSWORD": "hidden"}))
