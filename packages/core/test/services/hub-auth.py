"""Asks a hub who a token belongs to, as every Python service does. The service's own token is in the environment."""

import json
import sys

from jupyterhub.services.auth import HubAuth

auth = HubAuth(access_scopes={"access:services", "access:services!service=web"})
answers = []
for token in sys.argv[1:]:
    model = auth.user_for_token(token, use_cache=False)
    allowed = model and auth.check_scopes(auth.access_scopes, model)
    answers.append({"model": model, "allowed": sorted(allowed or [])})
print(json.dumps(answers))
