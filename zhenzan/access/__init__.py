"""Who may do what: keys, users, roles, sessions, the logs of what was done, and identifiers.

Nothing secret is kept: keys, tokens and cookies as SHA-256 of 256 bits of chance, passwords as
Argon2id. Entry points: ``keys.KeyRing``, ``users.UserBook``, ``audit.AuditLog``,
``identifiers.Hider``, ``retention``.
"""
