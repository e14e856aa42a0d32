"""The central database: tables, access rules, secrets, people, requests, journal, packages and the outbox."""
