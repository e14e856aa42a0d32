"""Connection checks: what was looked at, whether it works, what it means and what to do; one module per integration.

Whoever shows or stores a check uses `run_check`; `check_integration` asks the service only.
"""

from __future__ import annotations

from synkro_resources.checks.run import BUDGET_S, check_integration, run_check

__all__ = ["BUDGET_S", "check_integration", "run_check"]
