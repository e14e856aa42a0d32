"""Growth beyond one machine, tried with the real engines: `make growth` (docs/scaling.md). Minutes, so not in `tests`.

Needs Debian's packages redis-server and docker-compose on the PATH; what is missing is skipped with the reason.
"""
