"""Writes users, and servers that count as running, into the database of a JupyterHub that does not run."""

import json
import sqlite3
import sys
from urllib.parse import urlsplit

people = json.loads(sys.argv[1])
target = urlsplit(people["target"])
names = [f"student-{number}" for number in range(1, people["users"] + 1)]

with sqlite3.connect("jupyterhub.sqlite") as db:
    now = "2026-01-31 12:00:00.000000"
    db.executemany(
        "INSERT INTO users (name, admin, created, last_activity, cookie_id, state) VALUES (?, 0, ?, ?, ?, '{}')",
        [(name, now, now, f"cookie-{name}") for name in names],
    )
    db.execute(
        "INSERT INTO user_role_map (user_id, role_id, managed_by_auth) "
        "SELECT u.id, r.id, 0 FROM users u JOIN roles r ON r.name = 'user' WHERE u.name LIKE 'student-%'"
    )
    for name in names[: people["servers"]]:
        prefix = f"/user/{name}/"
        server = db.execute(
            "INSERT INTO servers (proto, ip, port, base_url, cookie_name) VALUES ('http', ?, ?, ?, ?)",
            (target.hostname, target.port, prefix, f"user-{name}"),
        ).lastrowid
        db.execute(
            "INSERT INTO spawners (user_id, server_id, state, name, started, last_activity, user_options) "
            "SELECT id, ?, '{\"pid\": 0}', '', ?, ?, '{}' FROM users WHERE name = ?",
            (server, now, now, name),
        )
