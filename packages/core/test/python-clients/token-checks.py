"""A service that answers, one JSON line each, whom a token belongs to: `[token, use_cache]`."""

import json
import sys

from jupyterhub.services.auth import HubAuth

auth = HubAuth(access_scopes={"access:services!service=web"})
for line in sys.stdin:
    token, use_cache = json.loads(line)
    try:
        model = auth.user_for_token(token, use_cache=use_cache)
        answer = model and {"name": model["name"], "scopes": sorted(auth.check_scopes(auth.access_scopes, model))}
    except Exception as error:
        answer = {"error": getattr(error, "status_code", str(error))}
    print(json.dumps(answer), flush=True)
