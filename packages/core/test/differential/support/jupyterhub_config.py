"""The original of the differential tests: everything that differs from its defaults is given as JSON."""

import asyncio
import json
import os

from jupyterhub.spawner import Spawner
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

given = json.loads(os.environ["DIFFERENTIAL_SETTINGS"])


class Answer(RequestHandler):
    def get(self):
        self.set_header("X-JupyterHub-Version", "6.1.1")
        self.write({})


class MemorySpawner(Spawner):
    """Servers live in the hub's process; a user's name says how their starts go."""

    listener = None

    async def start(self):
        if self.user.name.startswith("fails"):
            raise RuntimeError("no luck")
        if self.user.name.startswith("slow"):
            await asyncio.sleep(60)
        (socket,) = bind_sockets(0, "127.0.0.1")
        self.listener = HTTPServer(Application([(r".*", Answer)]))
        self.listener.add_socket(socket)
        return "127.0.0.1", socket.getsockname()[1]

    async def poll(self):
        return None if self.listener else 0

    async def stop(self, now=False):
        if self.listener:
            self.listener.stop()
            await self.listener.close_all_connections()
        self.listener = None


c = get_config()  # noqa: F821
c.JupyterHub.bind_url = given["publicUrl"]
c.JupyterHub.hub_bind_url = given["hubUrl"]
c.ConfigurableHTTPProxy.api_url = given["proxyApiUrl"]
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.JupyterHub.log_level = "WARN"
# Service tokens are hashed once, not 16384 times: that is not what is compared.
c.JupyterHub.trust_user_provided_tokens = True

c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = given["password"]
c.Authenticator.allow_all = True
c.Authenticator.admin_users = set(given["admins"])
c.JupyterHub.load_groups = given["groups"]
c.JupyterHub.load_roles = given["roles"]
c.JupyterHub.services = given["services"]
c.JupyterHub.custom_scopes = given["customScopes"]

c.JupyterHub.spawner_class = MemorySpawner
c.Spawner.http_timeout = 10
c.JupyterHub.allow_named_servers = True
c.JupyterHub.named_server_limit_per_user = given["serverLimit"]
c.JupyterHub.api_page_default_limit = given["pageLimit"]
c.JupyterHub.api_page_max_limit = given["pageMaxLimit"]
c.JupyterHub.tornado_settings = {
    "slow_spawn_timeout": given["slowSeconds"],
    "slow_stop_timeout": given["slowSeconds"],
}
