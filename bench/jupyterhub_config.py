"""The JupyterHub that is measured: its own defaults wherever nothing has to differ."""

import json
import os

given = json.loads(os.environ["BENCH_SETTINGS"])

c = get_config()  # noqa: F821
c.JupyterHub.bind_url = given["publicUrl"]
c.JupyterHub.hub_bind_url = given["hubUrl"]
c.ConfigurableHTTPProxy.api_url = given["proxyApiUrl"]
c.ConfigurableHTTPProxy.auth_token = given["proxyToken"]
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"

c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"admin"}
c.JupyterHub.api_tokens = {given["token"]: "admin"}

c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = given["command"]
c.Spawner.start_timeout = c.Spawner.http_timeout = given["startTimeout"]
c.Spawner.poll_interval = given["pollInterval"]
c.SimpleLocalProcessSpawner.home_dir_template = given["homes"] + "/{username}"

if given["rowsForServers"]:
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    class RowsSpawner(SimpleLocalProcessSpawner):
        """For rows of servers that nobody started: they run for ever."""

        async def poll(self):
            return None

        async def stop(self, now=False):
            pass

    c.JupyterHub.spawner_class = RowsSpawner

c.JupyterHub.cleanup_servers = not (given["rowsForServers"] or given["keepServers"])

# A request answers when its server is there, however long that takes.
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 150, "slow_stop_timeout": 150}
