# The original hub with the original SudoSpawner, run as an unprivileged user.
import json
import os

settings = json.loads(os.environ["TEST_SETTINGS"])
c = get_config()  # noqa: F821
c.JupyterHub.bind_url = settings["publicUrl"]
c.JupyterHub.hub_bind_url = settings["hubUrl"]
c.ConfigurableHTTPProxy.api_url = settings["proxyApiUrl"]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "sudospawner.SudoSpawner"
c.SudoSpawner.sudospawner_path = settings["mediatorPath"]
c.SudoSpawner.start_timeout = 120
c.SudoSpawner.http_timeout = 120
c.SudoSpawner.environment = settings["environment"]
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 120, "slow_stop_timeout": 120}
c.JupyterHub.services = [{"name": "test", "api_token": settings["apiToken"], "admin": True}]
