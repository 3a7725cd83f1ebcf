import subprocess
import sys
from pathlib import Path

import pytest
import redis

from app.embedded import EmbeddedServer, EmbeddedServerError, find_server


def test_values_survive_a_restart(folder):
    with EmbeddedServer(find_server(), folder) as server:
        redis.Redis.from_url(server.url).set("foo", "bar")
    with EmbeddedServer(find_server(), folder) as server:
        assert redis.Redis.from_url(server.url).get("foo") == b"bar"


def test_values_survive_a_kill(folder):
    with EmbeddedServer(find_server(), folder) as server:
        redis.Redis.from_url(server.url).config_set("appendfsync", "always")
        redis.Redis.from_url(server.url).set("foo", "bar")
        server.signal(9)
    with EmbeddedServer(find_server(), folder) as server:
        assert redis.Redis.from_url(server.url).get("foo") == b"bar"


@pytest.mark.parametrize("name", [".", "deep" * 40])
def test_a_folder_has_one_server_at_a_time(folder, name):
    folder = folder / name
    with EmbeddedServer(find_server(), folder) as server:
        process = redis.Redis.from_url(server.url).info("server")["process_id"]
        with pytest.raises(EmbeddedServerError, match=f"process {process} already"):
            EmbeddedServer(find_server(), folder).start()
        assert redis.Redis.from_url(server.url).ping()


def test_a_server_that_fails_says_where_to_look(folder):
    with pytest.raises(EmbeddedServerError, match=r"redis\.log"):
        EmbeddedServer(find_server(), folder, "--no-such-option", "1").start()


def test_only_its_user_can_open_the_socket_and_no_port_is_open(folder):
    with EmbeddedServer(find_server(), folder) as server:
        assert server.socket.stat().st_mode & 0o777 == 0o700
        assert redis.Redis.from_url(server.url).config_get("port") == {"port": "0"}


def test_a_folder_with_a_long_name_works(folder):
    with EmbeddedServer(find_server(), folder / ("deep" * 40)) as server:
        assert redis.Redis.from_url(server.url).ping()
        assert server.socket.parent.stat().st_mode & 0o777 == 0o700
    assert not server.socket.parent.exists()


def test_a_server_whose_starter_was_killed_keeps_its_folder(folder):
    code = f"""if True:
        from pathlib import Path
        from app.embedded import EmbeddedServer, find_server
        server = EmbeddedServer(find_server(), Path({str(folder)!r}))
        server.start()
        print(server.url, flush=True)
        input()
    """
    starter = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    url = starter.stdout.readline().strip()
    starter.kill()
    starter.communicate()
    with redis.Redis.from_url(url) as orphan:
        with pytest.raises(EmbeddedServerError, match="already serves"):
            EmbeddedServer(find_server(), folder).start()
        orphan.shutdown()


def test_the_server_on_path_is_found_where_there_is_no_wheel(monkeypatch, tmp_path):
    binary = tmp_path / "redis-server"
    binary.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert find_server() == binary
    binary.unlink()
    with pytest.raises(EmbeddedServerError, match="REDIS_URL"):
        find_server()


def test_the_wheel_comes_first():
    assert Path(find_server()).name == "valkey-server"
