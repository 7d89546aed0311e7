"""A service as people write them: shows who its visitor is, after a sign-in at the hub."""

import json
import os
from urllib.parse import urlparse

from jupyterhub.services.auth import (
    HubOAuth,
    HubOAuthCallbackHandler,
    HubOAuthenticated,
)
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler, authenticated


class WhoAmI(HubOAuthenticated, RequestHandler):
    @authenticated
    def get(self):
        self.write(json.dumps(self.get_current_user()))


# As an operator sets it: `c.HubOAuth.cache_max_age = 1`; 300 unless set.
if "CACHE_MAX_AGE" in os.environ:
    HubOAuth.instance(cache_max_age=int(os.environ["CACHE_MAX_AGE"]))

prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
app = Application(
    [(prefix, WhoAmI), (prefix + "oauth_callback", HubOAuthCallbackHandler)],
    cookie_secret=os.urandom(32),
)
url = urlparse(os.environ["JUPYTERHUB_SERVICE_URL"])
HTTPServer(app).listen(url.port, url.hostname)
IOLoop.current().start()
